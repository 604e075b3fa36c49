"""What a class got wrong, and whose code is alike: pages for the instructor, made from what was graded."""
