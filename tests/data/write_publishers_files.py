"""Writes one small dataset in every publisher's format with numpy, scipy and gzip, and expected.npz with what is in it."""
import gzip
import json
import os
import pickle
import sys
from collections import defaultdict

import numpy as np
import scipy.io
import scipy.sparse as sp

root = sys.argv[1]
random = np.random.default_rng(7)
n, features, classes = 60, 9, 4
ends = random.integers(0, n, (2, 300))
ends = ends[:, ends[0] != ends[1]]
dense = np.zeros((n, n), np.int64)
dense[ends[0], ends[1]] = 1
symmetric = np.maximum(dense, dense.T)
x = random.normal(size=(n, features)).astype(np.float32)
y = random.integers(0, classes, n)
y[:classes] = np.arange(classes)
many = random.integers(0, 2, (n, 5))
order = random.permutation(n)
train, valid, test = np.sort(order[:20]), np.sort(order[20:35]), np.sort(order[35:])
roles = np.zeros(n, np.int64)
roles[train], roles[valid], roles[test] = 1, 2, 3


def folder(name):
    path = os.path.join(root, name)
    os.makedirs(path, exist_ok=True)
    return path


def csv(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with gzip.open(path, "wt") as out:
        for row in rows:
            out.write(",".join(str(v) for v in np.atleast_1d(row)) + "\n")


def ogb_split(path):
    for name, nodes in (("train", train), ("valid", valid), ("test", test)):
        csv(f"{path}/split/time/{name}.csv.gz", nodes)


def masks(columns):
    return {name: np.stack([roles == role] * columns, 1) if columns > 1 else roles == role
            for name, role in (("train_mask", 1), ("val_mask", 2), ("test_mask", 3))}


np.savez(f"{root}/expected.npz", adj_indptr=sp.csr_matrix(symmetric).indptr, adj_indices=sp.csr_matrix(symmetric).indices,
         attr=x, labels=y, **masks(1))
np.savez(f"{root}/directed.npz", adj_indptr=sp.csr_matrix(dense).indptr, adj_indices=sp.csr_matrix(dense).indices,
         directed=np.array([1]), attr=x, labels=y, **masks(1))
np.savez(f"{root}/many.npz", adj_indptr=sp.csr_matrix(symmetric).indptr, adj_indices=sp.csr_matrix(symmetric).indices,
         attr=x, labels=many.astype(np.uint8), **masks(1))

for name, labels in (("ogb_csv", y), ("ogb_many", many)):
    path = folder(name)
    csv(f"{path}/raw/edge.csv.gz", ends.T)
    csv(f"{path}/raw/node-feat.csv.gz", x)
    csv(f"{path}/raw/node-label.csv.gz", labels)
    csv(f"{path}/raw/num-node-list.csv.gz", [n])
    csv(f"{path}/raw/num-edge-list.csv.gz", [ends.shape[1]])
    ogb_split(path)
path = folder("ogb_binary/raw")
np.savez_compressed(f"{path}/data.npz", edge_index=ends, node_feat=x, num_nodes_list=np.array([n]),
                    num_edges_list=np.array([ends.shape[1]]))
np.savez_compressed(f"{path}/node-label.npz", node_label=y.astype(np.float32).reshape(-1, 1))
ogb_split(folder("ogb_binary"))

for name, labels in (("saint", y), ("saint_many", many)):
    path = folder(name)
    sp.save_npz(f"{path}/adj_full.npz", sp.csr_matrix(symmetric.astype(bool)))
    np.save(f"{path}/feats.npy", x.astype(np.float64))
    with open(f"{path}/class_map.json", "w") as out:
        json.dump({str(v): labels[v].tolist() for v in range(n)}, out)
    with open(f"{path}/role.json", "w") as out:
        json.dump({"tr": order[:20].tolist(), "va": order[20:35].tolist(), "te": order[35:].tolist()}, out)

path = folder("dgl")
sp.save_npz(f"{path}/reddit_graph.npz", sp.coo_matrix(symmetric))
np.savez(f"{path}/reddit_data.npz", feature=x.astype(np.float64), node_types=roles, label=y, node_ids=np.arange(n))

np.savez(f"{root}/pyg.npz", edge_index=np.array(np.nonzero(symmetric)), x=x, y=y, **masks(1))
np.savez(f"{root}/pyg_directed.npz", edge_index=ends, x=x, y=y.reshape(-1, 1), **masks(2))
np.savez(f"{root}/pyg_many.npz", edge_index=np.array(np.nonzero(symmetric)), x=x, y=many.astype(np.float32), **masks(1))
np.savez(f"{root}/musae.npz", edges=ends.T, features=x, target=y)

scipy.io.mmwrite(f"{root}/symmetric.mtx", sp.coo_matrix(symmetric), field="pattern", symmetry="symmetric")
scipy.io.mmwrite(f"{root}/general.mtx", sp.coo_matrix(dense), field="pattern", symmetry="general")
with open(f"{root}/symmetric.mtx", "rb") as plain, gzip.open(f"{root}/packed.mtx.gz", "wb") as packed:
    packed.write(plain.read())

path = folder("edges")
np.savetxt(f"{path}/edges.txt.gz", ends.T, fmt="%d", header="source target")
np.save(f"{path}/features.npy", x)
np.save(f"{path}/labels.npy", y)
for name, nodes in (("train", train), ("val", valid), ("test", test)):
    np.savetxt(f"{path}/{name}.txt", nodes, fmt="%d")
np.savetxt(f"{root}/own_ids.csv", np.stack([1000 + 7 * ends[0], 1000 + 7 * ends[1]], 1), fmt="%d", delimiter=",",
           header="source,target", comments="")
with gzip.open(f"{root}/adjacency.txt.gz", "wt") as out:
    out.write(f"{n}\n")
    for v in range(n):
        out.write(" ".join(str(w) for w in np.nonzero(dense[v])[0]) + " \n")

path = folder("planetoid")
first = 40
test_nodes = first + random.permutation(n - first)
hot = np.eye(classes, dtype=np.int32)[y]
neighbours = defaultdict(list, {v: [int(w) for w in np.nonzero(symmetric[v])[0]] for v in range(n)})
for name, value in (("x", sp.csr_matrix(x[:12])), ("y", hot[:12]), ("allx", sp.csr_matrix(x[:first])), ("ally", hot[:first]),
                    ("tx", sp.csr_matrix(x[test_nodes])), ("ty", hot[test_nodes]), ("graph", neighbours)):
    with open(f"{path}/ind.small.{name}", "wb") as out:
        pickle.dump(value, out, protocol=4)
np.savetxt(f"{path}/ind.small.test.index", test_nodes, fmt="%d")
