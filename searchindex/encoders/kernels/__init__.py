"""A text tower in eight bits as one piece of machine code: LLVM code that Python writes, and llvmlite translates."""
