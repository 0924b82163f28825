#!/usr/bin/env python3
"""Takes a dataset of ours apart, as another program would have written it: every edge once, in an order and a direction by chance.

    write_edge_list.py DATASET.npz FOLDER

FOLDER gets edges.npy, features.npy, labels.npy and the nodes of the splits as text.
"""
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np

AT_ONCE = 1 << 20  # nodes


def array(archive, name):
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member)


def edges_once(archive):
    """(edges, 2) int32: those of which the second end is not before the first."""
    indptr, parts = array(archive, "adj_indptr"), []
    with archive.open("adj_indices.npy") as member:
        version = np.lib.format.read_magic(member)
        _, _, kind = np.lib.format.read_array_header_1_0(member) if version == (1, 0) else np.lib.format.read_array_header_2_0(member)
        for begin in range(0, len(indptr) - 1, AT_ONCE):
            rows = indptr[begin:begin + AT_ONCE + 1]
            targets = np.frombuffer(member.read(int(rows[-1] - rows[0]) * kind.itemsize), kind)
            sources = np.repeat(np.arange(begin, begin + len(rows) - 1, dtype=np.int32), np.diff(rows))
            kept = targets >= sources
            parts.append(np.stack([sources[kept], targets[kept].astype(np.int32)], axis=1))
    return np.concatenate(parts)


def main():
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(1)
    with zipfile.ZipFile(source) as archive:
        edges = edges_once(archive)
        chance.shuffle(edges.view(np.int64)[:, 0])
        for block in np.array_split(edges, max(1, len(edges) // AT_ONCE)):
            turned = chance.random(len(block)) < 0.5
            block[turned] = block[turned, ::-1]
        np.save(folder / "edges.npy", edges)
        for member, name in (("attr", "features"), ("labels", "labels")):
            with archive.open(f"{member}.npy") as stored, open(folder / f"{name}.npy", "wb") as out:
                shutil.copyfileobj(stored, out, 1 << 24)
        for split in ("train", "val", "test"):
            nodes = np.flatnonzero(array(archive, f"{split}_mask"))
            (folder / f"{split}.txt").write_text("\n".join(map(str, nodes.tolist())) + "\n")


if __name__ == "__main__":
    main()
