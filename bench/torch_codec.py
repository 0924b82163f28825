#!/usr/bin/env python3
"""Times torch's row quantizers (fbgemm's, nearest rounding), bf16 casts and copies; prints JSON for compare_codec.

    torch_codec.py --rows 100000 --columns 256 --threads 2 [--repeats 7]

Milliseconds are medians; `pack` turns fp32 rows into `bits`, `unpack` makes fp32 rows anew (nothing is added to them).
"""
import argparse
import json
import os
import statistics
import time


def median_milliseconds(call, repeats):
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(args.threads)
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    x, copy = torch.rand(args.rows, args.columns), torch.empty(args.rows, args.columns)
    half = torch.empty(args.rows, args.columns, dtype=torch.bfloat16)
    ops = torch.ops.quantized
    kinds = {8: "byte", 4: "4bit", 2: "2bit"}
    pack, unpack = {}, {}
    for bits, kind in kinds.items():
        prepack, back = getattr(ops, f"embedding_bag_{kind}_prepack"), getattr(ops, f"embedding_bag_{kind}_unpack")
        packed = prepack(x)
        pack[bits] = median_milliseconds(lambda: prepack(x), args.repeats)
        unpack[bits] = median_milliseconds(lambda: back(packed), args.repeats)
    pack[16] = median_milliseconds(lambda: half.copy_(x), args.repeats)
    unpack[16] = median_milliseconds(lambda: copy.copy_(half), args.repeats)
    pack[32] = unpack[32] = median_milliseconds(lambda: copy.copy_(x), args.repeats)
    print(json.dumps({"torch": torch.__version__, "threads": args.threads, "pack": pack, "unpack": unpack}))


if __name__ == "__main__":
    main()
