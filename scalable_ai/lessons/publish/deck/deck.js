// Starts reveal.js on a wide screen and makes each slide fit; a narrow screen needs nothing.
(() => {
  const WIDTH = 1280, HEIGHT = 720;
  const wide = matchMedia("(min-width: 700px)");
  wide.addEventListener("change", () => location.reload());
  if (!wide.matches) return;

  // From what may shrink unnoticed to what should not: code, pictures, then all text.
  const STEPS = [];
  for (let size = 25; size >= 15; size--) STEPS.push([size, 480, 100]);
  for (let height = 460; height >= 260; height -= 20) STEPS.push([15, height, 100]);
  for (let text = 96; text >= 60; text -= 4) STEPS.push([Math.max(13, (15 * text) / 90), 260, text]);

  const overflows = (slide) =>
    slide.scrollHeight > HEIGHT || [...slide.querySelectorAll("pre")].some((pre) => pre.scrollWidth > pre.clientWidth);

  const fit = (slide) => {
    if (!slide || slide.dataset.fits) return;
    slide.classList.add("fitting"); // reveal.js animates all that changes, and a change in between has no size
    for (const [code, picture, text] of STEPS) {
      slide.style.setProperty("--code-size", `${code}px`);
      slide.style.setProperty("--picture-height", `${picture}px`);
      slide.style.fontSize = `${text}%`;
      if (!overflows(slide)) break;
    }
    slide.dataset.fits = overflows(slide) ? "no" : "yes";
    slide.classList.remove("fitting");
  };

  Reveal.initialize({
    width: WIDTH,
    height: HEIGHT,
    margin: 0,
    center: false,
    hash: true,
    transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
    slideNumber: "c/t",
    plugins: [RevealNotes],
  }).then(() => fit(Reveal.getCurrentSlide()));
  Reveal.on("slidechanged", (event) => fit(event.currentSlide));
})();
