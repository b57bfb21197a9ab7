"""A text tower in eight bits, compiled for this processor while it starts: LLVM code that Python writes, and llvmlite translates."""
