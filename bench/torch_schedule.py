"""pdADMM-G as its authors schedule it, in plain vectorised PyTorch: what bench/admm_time races the program against.

    python3 torch_schedule.py cora.npz --neurons 100 --stages 2 5 10 --iterations 200 --threads 2

The method of arXiv 2105.09837, section IV: majorised gradient steps for p and W with constants found by backtracking
(by its closed test: no trial evaluations), the mean for b, both branches of the ReLU for z, FISTA for the last z;
every layer of a stage in one batched call; 2, 5, then 10 layers, new ones the identity. Only training columns are
trained on. Prints one line of JSON: seconds of all iterations, and the test accuracy of the last and of the best one by
validation (evaluated once every ten iterations, outside of the time).
"""
import argparse
import json
import time

import numpy
import scipy.sparse
import torch


def load(path, hops=3):
    """X = [H, A~ H, ...] (nodes, 4 F) with rows of H scaled to length 1, labels, and the three masks."""
    data = numpy.load(path)
    nodes = int(data["num_nodes"][0])
    a = scipy.sparse.csr_matrix((numpy.ones(len(data["adj_indices"]), numpy.float32), data["adj_indices"],
                                 data["adj_indptr"]), shape=(nodes, nodes)) + scipy.sparse.identity(nodes, numpy.float32)
    scale = scipy.sparse.diags(1 / numpy.sqrt(numpy.asarray(a.sum(1)).ravel()))
    a = (scale @ a @ scale).tocsr()
    h = scipy.sparse.csr_matrix((data["attr_data"], data["attr_indices"], data["attr_indptr"]),
                                shape=tuple(data["attr_shape"])).toarray().astype(numpy.float32)
    h /= numpy.maximum(numpy.linalg.norm(h, axis=1, keepdims=True), 1e-12)
    parts = [h]
    for _ in range(hops):
        parts.append(a @ parts[-1])
    masks = [torch.from_numpy(data[f"{part}_mask"].astype(bool)) for part in ("train", "val", "test")]
    return torch.from_numpy(numpy.concatenate(parts, 1).astype(numpy.float32)), torch.from_numpy(data["labels"]).long(), masks


class Schedule:
    """Hidden layers in stacks: P[k], W[k], B[k] of layer k + 2; Z[k], Q[k], U[k] of layer k + 1. A row is a node."""

    def __init__(self, x, labels, neurons, nu, ridge):
        self.x, self.nu, self.rho, self.ridge = x, nu, nu, ridge
        self.classes = int(labels.max()) + 1
        self.one_hot = torch.nn.functional.one_hot(labels, self.classes).float()
        self.w_first = torch.randn(x.shape[1], neurons) * 0.1
        self.w = torch.empty(0, neurons, neurons)
        self.b_first, self.b = torch.zeros(1, neurons), torch.empty(0, 1, neurons)
        self.theta, self.theta_first, self.theta_last = torch.ones(0, 1, 1), 1.0, 1.0

    def grow(self, layers):
        neurons, new = self.w_first.shape[1], layers - 2 - len(self.w)
        self.w = torch.cat([self.w, torch.eye(neurons).repeat(new, 1, 1)])
        self.b = torch.cat([self.b, torch.zeros(new, 1, neurons)])
        self.theta = torch.cat([self.theta, torch.ones(new, 1, 1)])
        self.w_last, self.b_last = torch.randn(neurons, self.classes) * 0.1, torch.zeros(1, self.classes)
        z = [self.x @ self.w_first + self.b_first]
        for w, b in zip(self.w, self.b):
            z.append(z[-1].relu() @ w + b)
        self.z = torch.stack(z)
        self.q = self.z.relu()
        self.p = self.q.clone()
        self.u = torch.zeros_like(self.q)
        self.z_last = self.p[-1] @ self.w_last + self.b_last
        self.tau = torch.ones(len(self.p), 1, 1)

    def step_p(self):
        """One majorised step; all but the last layer's W have one shape, so it goes apart."""
        nu, rho = self.nu, self.rho
        gradient = torch.empty_like(self.p)
        residual = torch.baddbmm(self.b - self.z[1:], self.p[:-1], self.w)
        torch.bmm(residual, self.w.transpose(1, 2), out=gradient[:-1])
        gradient[-1] = (self.p[-1] @ self.w_last + self.b_last - self.z_last) @ self.w_last.T
        gradient.mul_(nu).add_(self.u).add_(self.p - self.q, alpha=rho)
        length = gradient.square().sum((1, 2)).clamp_min(1e-30)
        image = torch.cat([torch.bmm(gradient[:-1], self.w).square().sum((1, 2)),
                           (gradient[-1] @ self.w_last).square().sum().reshape(1)])
        curvature = (nu * image / length + rho).reshape(-1, 1, 1)
        self.tau = torch.where(curvature > self.tau, 2 * curvature, torch.maximum(self.tau / 2, curvature))
        self.p -= gradient / self.tau

    def step_w(self, p, w, b, z, theta):
        residual = torch.matmul(p, w) + b - z
        gradient = self.nu * torch.matmul(p.transpose(-1, -2), residual) + self.ridge * w
        length = gradient.square().sum((-2, -1), keepdim=True).clamp_min(1e-30)
        curvature = self.nu * torch.matmul(p, gradient).square().sum((-2, -1), keepdim=True) / length + self.ridge
        theta = torch.where(curvature > theta, 2 * curvature, torch.maximum(torch.as_tensor(theta) / 2, curvature))
        w = w - gradient / theta
        return w, (z - torch.matmul(p, w)).mean(-2, keepdim=True), theta

    def step_z(self):
        h = torch.cat([(self.x @ self.w_first + self.b_first)[None], torch.baddbmm(self.b, self.p[:-1], self.w)])
        below = ((h + self.z) / 2).clamp_max(0)
        above = ((h + self.z + self.q) / 3).clamp_min(0)
        cost = lambda z: (z - h).square() + (self.q - z.relu()).square() + (z - self.z).square()
        self.z = torch.where(cost(below) < cost(above), below, above)
        h, y, last, t = self.p[-1] @ self.w_last + self.b_last, self.z_last, self.z_last, 1.0
        for _ in range(10):  # FISTA; softmax cross-entropy is 1/2-smooth
            new = y - (y.softmax(1) - self.one_hot + self.nu * (y - h)) / (0.5 + self.nu)
            t_new = (1 + (1 + 4 * t * t) ** 0.5) / 2
            y, last, t = new + (t - 1) / t_new * (new - last), new, t_new
        self.z_last = last

    def iterate(self):
        self.step_p()
        self.w_first, self.b_first, self.theta_first = self.step_w(self.x, self.w_first, self.b_first, self.z[0],
                                                                   self.theta_first)
        if len(self.w):
            self.w, self.b, self.theta = self.step_w(self.p[:-1], self.w, self.b, self.z[1:], self.theta)
        self.w_last, self.b_last, self.theta_last = self.step_w(self.p[-1], self.w_last, self.b_last, self.z_last,
                                                                self.theta_last)
        self.step_z()
        self.q = (self.rho * self.p + self.u + self.nu * self.z.relu()) / (self.rho + self.nu)
        self.u += self.rho * (self.p - self.q)

    def outputs(self, x):
        h = (x @ self.w_first + self.b_first).relu()
        for w, b in zip(self.w, self.b):
            h = (h @ w + b).relu()
        return h @ self.w_last + self.b_last


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--stages", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--iterations", type=int, default=200, help="of each stage")
    parser.add_argument("--nu", type=float, default=1e-4, help="and rho")
    parser.add_argument("--ridge", type=float, default=1e-4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    x, labels, (train, val, test) = load(args.data)
    schedule = Schedule(x[train], labels[train], args.neurons, args.nu, args.ridge)
    seconds, best, last = 0.0, (0.0, 0.0), 0.0
    for layers in args.stages:
        schedule.grow(layers)
        for k in range(args.iterations):
            start = time.perf_counter()
            schedule.iterate()
            seconds += time.perf_counter() - start
            if layers == args.stages[-1] and k % 10 == 9:
                right = schedule.outputs(x).argmax(1) == labels
                last = right[test].float().mean().item()
                best = max(best, (right[val].float().mean().item(), last))
    print(json.dumps({"iterations": len(args.stages) * args.iterations, "seconds": seconds, "test_last": last,
                      "test_best": best[1], "torch": torch.__version__}))


if __name__ == "__main__":
    main()
