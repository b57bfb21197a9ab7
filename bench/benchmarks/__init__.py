"""The benchmarks, a module each: what is compared, how one sample is taken, and which figures follow from the samples."""
