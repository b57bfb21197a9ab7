"""All kernels, translated: `python -m searchindex.encoders.kernels.build FILE` leaves them where no compiler is wanted, as in an image."""

import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from searchindex.encoders.kernels import attention, products, rows, team
from searchindex.encoders.kernels.library import pack
from searchindex.encoders.kernels.link import link

_TARGET = "x86_64-unknown-linux-gnu"
# Every processor with AVX2, FMA and F16C runs it. Instructions come in the order that suits AMD's second generation, which of all that LLVM
# knows was the fastest on the third one, too; those that only some have are left out.
_PROCESSOR, _WITHOUT = (
    "znver2",
    ("sse4a", "sha", "clzero", "mwaitx", "wbnoinvd", "rdpid", "clwb", "adx", "prfchw", "rdseed", "aes", "pclmul"),
)


def build() -> bytes:
    """What `library.py` loads."""
    module = ir.Module("kernels")
    for add in (products.add_products, rows.add_rows, attention.add_attention, team.add_team):
        add(module)
    return translate(module)


def translate(module: Any) -> bytes:
    """The functions of an LLVM module. ValueError where they are not all that they need."""
    return pack(*link(_object(str(module))))


def _object(code: str) -> bytes:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    features = ",".join(f"-{each}" for each in _WITHOUT)
    machine = llvm.Target.from_triple(_TARGET).create_target_machine(
        cpu=_PROCESSOR, features=features, opt=3, reloc="pic", codemodel="small"
    )
    module = llvm.parse_assembly(code)
    module.triple = _TARGET
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(module, passes)
    found: bytes = machine.emit_object(module)
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(build())
