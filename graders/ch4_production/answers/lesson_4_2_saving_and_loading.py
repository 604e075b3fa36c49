# %% wrong: classify_file - evaluation mode forgotten
# says: switch to evaluation mode
def classify_file(raw, images):
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    model = TagNetwork()
    model.load_state_dict({name.removeprefix("network."): tensor for name, tensor in state.items()})
    with torch.inference_mode():
        return model(images)


# %% wrong: classify_file - strict switched off in place of mended labels
# says: Take network. off every label
def classify_file(raw, images):
    model = TagNetwork()
    model.load_state_dict(torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu"), strict=False)
    model.eval()
    with torch.inference_mode():
        return model(images)


# %% wrong: classify_file - labels mended, and still not strict
# says: What was not delivered keeps random numbers
def classify_file(raw, images):
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    model = TagNetwork()
    state = {name.removeprefix("network."): tensor for name, tensor in state.items()}
    model.load_state_dict(state, strict=False)
    model.eval()
    with torch.inference_mode():
        return model(images)


# %% wrong: classify_file - any object is loaded
# says: weights_only=True refuses it
def classify_file(raw, images):
    state = torch.load(io.BytesIO(raw), weights_only=False, map_location="cpu")
    model = TagNetwork()
    model.load_state_dict({name.removeprefix("network."): tensor for name, tensor in state.items()})
    model.eval()
    with torch.inference_mode():
        return model(images)


# %% wrong: classify_file - nine characters off every label, needed or not
# says: missing key(s) in state_dict
def classify_file(raw, images):
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    model = TagNetwork()
    model.load_state_dict({name[len("network.") :]: tensor for name, tensor in state.items()})
    model.eval()
    with torch.inference_mode():
        return model(images)


# %% wrong: classify_file - the lesson's network in place of the file's
# says: Load the labels as they are
def classify_file(raw, images):
    with torch.inference_mode():
        return network(images)


# %% right: classify_file - prefix looked for, weights assigned, no_grad
def classify_file(raw, images):
    file = io.BytesIO(raw)
    state = torch.load(file, map_location=torch.device("cpu"))
    cleaned = {}
    for name, tensor in state.items():
        cleaned[name[len("network.") :] if name.startswith("network.") else name] = tensor
    tagger = TagNetwork()
    tagger.load_state_dict(cleaned, strict=True, assign=True)
    tagger.train(False)
    with torch.no_grad():
        return tagger(images)


# %% right: classify_file - the LightningModule loads files with the prefix
def classify_file(raw, images):
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    holder = Tagger()
    target = holder if all(name.startswith("network.") for name in state) else holder.network
    target.load_state_dict(state)
    holder.eval()
    return holder.network(images).detach()


# %% wrong: resume_run - weights alone are kept
# says: optimizer's memory
def first_part(weights, stop):
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": {}, "next_step": stop}, buffer)
    return buffer.getvalue()


def second_part(raw, total):
    checkpoint = torch.load(io.BytesIO(raw), weights_only=True)
    model, optimizer = start(checkpoint["model"])
    run_steps(model, optimizer, checkpoint["next_step"], total)
    return model.state_dict()


# %% wrong: resume_run - the last step is done twice
# says: next step
def first_part(weights, stop):
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "next_step": stop - 1}, buffer)
    return buffer.getvalue()


def second_part(raw, total):
    checkpoint = torch.load(io.BytesIO(raw), weights_only=True)
    model, optimizer = start(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    run_steps(model, optimizer, checkpoint["next_step"], total)
    return model.state_dict()


# %% wrong: resume_run - total taken for the number of steps left
# says: begin with the step that is written
def first_part(weights, stop):
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "next_step": stop}, buffer)
    return buffer.getvalue()


def second_part(raw, total):
    checkpoint = torch.load(io.BytesIO(raw), weights_only=True)
    model, optimizer = start(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    run_steps(model, optimizer, checkpoint["next_step"], checkpoint["next_step"] + total)
    return model.state_dict()


# %% wrong: resume_run - everything begins anew
# says: weights at the end
def first_part(weights, stop):
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "next_step": stop}, buffer)
    return buffer.getvalue()


def second_part(raw, total):
    checkpoint = torch.load(io.BytesIO(raw), weights_only=True)
    model, optimizer = start(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    run_steps(model, optimizer, 0, total)
    return model.state_dict()


# %% wrong: resume_run - module and optimizer pickled whole
# says: another machine's file
def first_part(weights, stop):
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model, "optimizer": optimizer, "next_step": stop}, buffer)
    return buffer.getvalue()


def second_part(raw, total):
    checkpoint = torch.load(io.BytesIO(raw), weights_only=False)
    model, optimizer = checkpoint["model"], checkpoint["optimizer"]
    run_steps(model, optimizer, checkpoint["next_step"], total)
    return model.state_dict()


# %% right: resume_run - state dicts loaded into a module of fresh weights
def first_part(weights, stop):
    model, optimizer = start(weights)
    for step in range(stop):
        run_steps(model, optimizer, step, step + 1)
    file = io.BytesIO()
    torch.save(dict(optimizer=optimizer.state_dict(), model=model.state_dict(), next_step=stop), file)
    file.seek(0)
    return file.read()


def second_part(raw, total):
    found = torch.load(io.BytesIO(raw))
    model, optimizer = start(fresh_weights(0))
    model.load_state_dict(found["model"])
    optimizer.load_state_dict(found["optimizer"])
    run_steps(model, optimizer, found["next_step"], total)
    return dict(model.state_dict())


# %% right: resume_run - random state kept as well
def first_part(weights, stop):
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "next_step": stop}
    torch.save(content | {"random": torch.get_rng_state()}, buffer)
    return buffer.getvalue()


def second_part(raw, total):
    checkpoint = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    if "random" in checkpoint:
        torch.set_rng_state(checkpoint["random"])
    model, optimizer = start(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    run_steps(model, optimizer, checkpoint["next_step"], total)
    return model.state_dict()


# %% wrong: safe_save - written over the old file
# says: neither removed nor opened for writing
def safe_save(raw, path, cut):
    write(raw, path, cut)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - the old file removed first
# says: neither removed nor opened for writing
def safe_save(raw, path, cut):
    if os.path.exists(path):
        os.remove(path)
    write(raw, path + ".part", cut)
    os.rename(path + ".part", path)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - renamed in any case
# says: rename only what is complete
def safe_save(raw, path, cut):
    try:
        write(raw, path + ".part", cut)
    finally:
        os.replace(path + ".part", path)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - the cut is swallowed
# says: tells the caller that all went well
def safe_save(raw, path, cut):
    try:
        write(raw, path + ".part", cut)
        os.replace(path + ".part", path)
    except PowerCut:
        pass


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - a copy in place of a rename
# says: a copy leaves two
import shutil


def safe_save(raw, path, cut):
    write(raw, path + ".part", cut)
    shutil.copyfile(path + ".part", path)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)

# %% wrong: safe_save - the ends written down, nothing saved
# says: no such name
after_cut = {"noticed": True, "files": {"model.pt": old_model}}
after_success = {"noticed": False, "files": {"model.pt": new_model}}


# %% right: safe_save - pathlib, and a part file that is swept away
def safe_save(raw, path, cut):
    target = Path(path)
    part = target.with_suffix(".new")
    try:
        write(raw, part, cut)
    except PowerCut:
        part.unlink()
        raise
    part.replace(target)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% right: safe_save - a temporary name in the folder of the path
def safe_save(raw, path, cut):
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(path))
    os.close(handle)
    write(raw, beside, cut)
    os.replace(beside, path)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: classify_file - gradients kept
# says: a service never goes backwards
def classify_file(raw: bytes, images: torch.Tensor) -> torch.Tensor:
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    model = TagNetwork()
    model.load_state_dict({name.removeprefix("network."): tensor for name, tensor in state.items()})
    return model.eval()(images)


# %% right: classify_file - detached, and a network as wide as its file
def classify_file(raw: bytes, images: torch.Tensor) -> torch.Tensor:
    state = torch.load(io.BytesIO(raw), weights_only=True, map_location="cpu")
    state = {name.replace("network.", "", 1): tensor for name, tensor in state.items()}
    model = TagNetwork(len(state["features.0.bias"]))
    model.load_state_dict(state)
    return model.eval()(images).detach()


# %% wrong: resume_run - the number of the last step in the file
# says: begin with the step that is written in the file
def first_part(weights: dict, stop: int) -> bytes:
    model, optimizer = start(weights)
    run_steps(model, optimizer, 0, stop)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "next_step": stop - 1}, buffer)
    return buffer.getvalue()


def second_part(raw: bytes, total: int) -> dict:
    found = torch.load(io.BytesIO(raw), weights_only=True)
    model, optimizer = start(found["model"])
    optimizer.load_state_dict(found["optimizer"])
    run_steps(model, optimizer, found["next_step"] + 1, total)
    return model.state_dict()


# %% wrong: safe_save - the old model put back after the cut
# says: after a cut nothing can be repaired
def safe_save(raw: bytes, path: str, cut: int | None) -> None:
    before = read_back(path) if os.path.exists(path) else b""
    try:
        write(raw, path, cut)
    except PowerCut:
        write(before, path)
        raise


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - the old file set aside and fetched back
# says: at the moment of the cut
def safe_save(raw: bytes, path: str, cut: int | None) -> None:
    aside = path + ".old"
    if os.path.exists(path):
        os.replace(path, aside)
    try:
        write(raw, path, cut)
    except PowerCut:
        os.replace(aside, path)
        raise
    Path(aside).unlink(missing_ok=True)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - written beside the notebook, not beside the file
# says: at the moment of the cut
def safe_save(raw: bytes, path: str, cut: int | None) -> None:
    write(raw, "model.part", cut)
    os.replace("model.part", path)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)


# %% wrong: safe_save - the cut not handed on
# says: Hand cut on
def safe_save(raw: bytes, path: str, cut: int | None) -> None:
    write(raw, path + ".part")
    os.replace(path + ".part", path)


after_cut = rehearse(safe_save, old_model, new_model, cut)
after_success = rehearse(safe_save, old_model, new_model, None)
