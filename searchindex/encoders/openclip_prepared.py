"""A prepared model run by torch: its kept weights, on the device, warmed up, and compared with the reference before they answer."""

from searchindex.encoders.golden import check_golden, check_golden_pictures
from searchindex.encoders.openclip import OpenClip, open_openclip
from searchindex.encoders.openclip_model import Towers
from searchindex.encoders.openclip_packages import packages
from searchindex.encoders.openclip_run import Run, usual_run
from searchindex.encoders.runtime import AUTO, Runtime
from searchindex.errors import ModelUnavailable
from searchindex.models import OpenClipFiles, PreparedModel
from searchindex.ports import ImageEncoder, TextEncoder

PREPARE = "Prepare it again with --keep-weights, or set ENCODER_RUNTIME=onnx."
_INEXACT = "TORCH_AUTOCAST=float16 or off is more exact; ENCODER_RUNTIME=onnx does without this device."


def gpu_is_there() -> bool:
    """Not where torch is not installed."""
    try:
        _, torch = packages()
    except ModelUnavailable:
        return False
    return bool(torch.cuda.is_available())


def kept_files(model: PreparedModel) -> OpenClipFiles:
    """ModelUnavailable where the folder keeps none, or others than those that the model's fingerprint names."""
    files = model.openclip
    if files is None:
        raise ModelUnavailable(f"{model.card.name} was prepared without open_clip's weights.", hint=PREPARE)
    if files.weights.sha256 != model.source_sha256:
        raise ModelUnavailable(f"The weights kept in {model.folder} are not those that its graphs were made of.", hint=PREPARE)
    return files


def open_text_encoder(model: PreparedModel, runtime: Runtime, *, batches: int) -> TextEncoder:
    """The text tower, which has met every shape that up to `batches` texts come in where it is compiled, and has encoded the golden
    texts. ModelUnavailable where a package, a file or the device is missing, or a vector is not the reference's.
    """
    run = _run(runtime)
    encoder = _opened(model, run, Towers.TEXT)
    if run.compiled:
        encoder.warm_up(batches=batches)
    if model.text.golden is not None:
        check_golden(encoder, model.path(model.text.golden), least=run.autocast.least_cosine, hint=_INEXACT)
    return encoder


def open_image_encoder(model: PreparedModel, runtime: Runtime) -> ImageEncoder:
    """The picture tower, which has encoded the golden pictures; otherwise as `open_text_encoder`."""
    golden = kept_files(model).pictures
    if golden is None:
        raise ModelUnavailable(f"{model.card.name} was prepared for queries alone.", hint="Prepare it without --text-only.")
    run = _run(runtime)
    encoder = _opened(model, run, Towers.IMAGE)
    least = run.autocast.least_picture_cosine
    check_golden_pictures(encoder, model.path(golden), size=model.card.image.size, least=least, hint=_INEXACT)
    return encoder


def _run(runtime: Runtime) -> Run:
    _, torch = packages()
    if runtime.threads:
        torch.set_num_threads(runtime.threads)
    device = runtime.device if runtime.device != AUTO else "cuda" if gpu_is_there() else "cpu"
    return usual_run(device, autocast=runtime.autocast, compiled=runtime.compiled)


def _opened(model: PreparedModel, run: Run, towers: Towers) -> OpenClip:
    files = kept_files(model)
    weights, config, tokenizer = (model.path(file) for file in (files.weights, files.config, model.text.tokenizer))
    return open_openclip(model.card, weights=weights, run=run, towers=towers, tokenizer=tokenizer, config=config)
