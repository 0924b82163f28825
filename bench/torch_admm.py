"""One iteration of the closed-form ADMM solver in plain PyTorch: what bench/compare_admm races admm_bench against.

    python3 torch_admm.py START --layers 10 --neurons 100 --form direct --threads 2 --repeats 20

START is the file that `admm_bench speed start=FILE` writes: inputs, labels and the first and last layers' weights.
Layers of one shape are one batched tensor, so that an iteration is some sixty calls whatever the number of layers;
large results go to memory that is kept. Two forms of hidden layers that are wider than the columns are many:
direct factors the (n, n) systems of p; low_rank uses that W - I has the rank of the columns and factors (2m, 2m) ones.
Prints one line of JSON: milliseconds an iteration, and the objective after the first iterations.
"""
import argparse
import json
import time

import numpy
import torch


def read_start(path):
    with open(path, "rb") as file:
        columns, inputs, neurons, classes = numpy.fromfile(file, numpy.int64, 4)
        take = lambda rows, cols: torch.from_numpy(numpy.fromfile(file, numpy.float32, rows * cols).reshape(rows, cols))
        labels = torch.from_numpy(numpy.fromfile(file, numpy.int32, columns).astype(numpy.int64))
        return labels, take(columns, inputs), take(inputs, neurons), take(neurons, classes)


def add_to_diagonal(a, value):
    a.diagonal(dim1=-2, dim2=-1).add_(value)
    return a


def centred(x):
    mean = x.mean(-2, keepdim=True)
    return mean, x - mean


class Solver:
    """p, z, q, u of all layers but the outer ones' odd sizes in stacks: P[k] is p of layer k + 1, Z[k] z of layer k."""

    def __init__(self, labels, x, w_first, w_last, layers, form, nu=3e-3, rho=3e-3, ridges=(0.1, 1.0, 0.15)):
        self.nu, self.rho, self.ridges, self.form = nu, rho, ridges, form
        self.labels, self.x = labels, x
        m, n, classes = x.shape[0], w_first.shape[1], w_last.shape[1]
        self.one_hot = torch.nn.functional.one_hot(labels, classes).double()
        self.w_first, self.b_first = w_first, torch.zeros(1, n)
        self.w_last, self.b_last = w_last, torch.zeros(1, classes)
        self.w = torch.eye(n).repeat(layers - 2, 1, 1)
        self.b = torch.zeros(layers - 2, 1, n)
        z = x @ w_first
        self.z = torch.stack([z] + [z.relu()] * (layers - 2))
        self.q = self.z.relu()
        self.p = self.q.clone()
        self.u = torch.zeros_like(self.q)
        self.h = self.z.clone()
        self.z_last = self.p[-1] @ w_last
        self.h_last = self.z_last.clone()
        self.step = torch.empty_like(self.p)
        self.dual = n > m
        self.factors = None  # F and Y of W = I + F^T Y
        # X never changes: its factor is made once.
        self.x_mean, self.x_centred = centred(x)
        small = self.x_centred.T @ self.x_centred if x.shape[1] <= m else self.x_centred @ self.x_centred.T
        self.x_factor = torch.linalg.cholesky(add_to_diagonal(small, ridges[0]))

    def update_p(self):
        r = self.rho / self.nu
        t = torch.add(self.q, self.u, alpha=-1 / self.rho, out=self.step)
        p = self.p[:-1]
        if self.form == "low_rank" and self.factors is not None:
            self.solve_low_rank(t[:-1], r)
        else:
            system = add_to_diagonal(self.w @ self.w.mT, r)
            torch.baddbmm(t[:-1], self.z[1:] - self.b, self.w.mT, beta=r, out=p)
            p.copy_(torch.cholesky_solve(p.mT, torch.linalg.cholesky(system)).mT)
        # The last layer is narrow: a (classes, classes) system.
        misfit = self.z_last - self.b_last - t[-1] @ self.w_last
        factor = torch.linalg.cholesky(add_to_diagonal(self.w_last.T @ self.w_last, r))
        torch.addmm(t[-1], torch.cholesky_solve(misfit.T, factor).T, self.w_last.T, out=self.p[-1])

    def solve_low_rank(self, t, r):
        f, y = self.factors
        m, s = f.shape[1], 1 + r
        yf = y @ f.mT
        system = torch.cat([torch.cat([yf, r * (y @ y.mT)], 2), torch.cat([-(f @ f.mT), yf.mT], 2)], 1)
        add_to_diagonal(system, s)
        e = self.z[1:] - self.b - t
        e.baddbmm_(t @ f.mT, y, alpha=-1)
        right = torch.cat([f @ e.mT, r * (y @ e.mT)], 1)
        # One by one: batched LU on several threads fails in some builds ("Parameter 6 was incorrect ... SLASWP").
        both = torch.stack([torch.linalg.solve(*pair) for pair in zip(system.mT, right)]).mT
        torch.add(t, e, alpha=1 / s, out=self.p[:-1])
        self.p[:-1].baddbmm_(both[:, :, :m], y, alpha=-1 / s).baddbmm_(both[:, :, m:], f, alpha=1 / s)

    def update_w(self):
        first, hidden, last = self.ridges
        z_mean, z = centred(self.z)
        if self.x.shape[1] <= self.x.shape[0]:
            self.w_first = torch.cholesky_solve(self.x_centred.T @ z[0], self.x_factor)
        else:
            self.w_first = self.x_centred.T @ torch.cholesky_solve(z[0], self.x_factor)
        self.b_first = z_mean[0] - self.x_mean @ self.w_first
        torch.addmm(self.b_first, self.x, self.w_first, out=self.h[0])

        p_mean, p = centred(self.p)
        if self.dual:
            factor = torch.linalg.cholesky(add_to_diagonal(p[:-1] @ p[:-1].mT, hidden))
            y = torch.cholesky_solve(z[1:] - p[:-1], factor)
            torch.add(self.z[1:], y, alpha=-hidden, out=self.h[1:])  # p W + b, without a product
            self.factors = p[:-1], y
        if self.dual and self.form == "low_rank":
            self.b = z_mean[1:] - p_mean[:-1] - (p_mean[:-1] @ p[:-1].mT) @ y
        else:
            if self.dual:
                self.w = add_to_diagonal(p[:-1].mT @ y, 1.0)
            else:
                factor = torch.linalg.cholesky(add_to_diagonal(p[:-1].mT @ p[:-1], hidden))
                self.w = torch.cholesky_solve(add_to_diagonal(p[:-1].mT @ z[1:], hidden), factor)
            self.b = z_mean[1:] - p_mean[:-1] @ self.w
            if not self.dual:
                torch.baddbmm(self.b, self.p[:-1], self.w, out=self.h[1:])

        mean, z_last = centred(self.z_last)
        if self.dual:
            factor = torch.linalg.cholesky(add_to_diagonal(p[-1] @ p[-1].T, last))
            self.w_last = p[-1].T @ torch.cholesky_solve(z_last, factor)
        else:
            factor = torch.linalg.cholesky(add_to_diagonal(p[-1].T @ p[-1], last))
            self.w_last = torch.cholesky_solve(p[-1].T @ z_last, factor)
        self.b_last = mean - p_mean[-1] @ self.w_last
        torch.addmm(self.b_last, self.p[-1], self.w_last, out=self.h_last)

    def update_z(self):
        h, z, q = self.h, self.z, self.q
        near = h + z
        below = (near * 0.5).clamp_(max=0)
        above = (near + q).mul_(1 / 3).clamp_(min=0)
        pull_below = (below - h).square_().add_((below - z).square_()).add_(q.square())
        pull_above = (above - h).square_().add_((above - z).square_()).add_((above - q).square_())
        torch.where(pull_below < pull_above, below, above, out=self.z)
        self.update_last_z()

    def update_last_z(self):
        """Four Newton steps, the Hessian diag(s + nu) - s s^T by Sherman and Morrison; in fp64, as steps are halved."""
        z, h = self.z_last.double(), self.h_last.double()
        value = lambda at: at.logsumexp(1) - (at * self.one_hot).sum(1) + self.nu / 2 * (at - h).square().sum(1)
        now = value(z)
        for _ in range(4):
            soft = z.softmax(1)
            scale = soft + self.nu
            a, c = (soft - self.one_hot + self.nu * (z - h)) / scale, soft / scale
            step = a + c * ((soft * a).sum(1, True) / (1 - (soft * c).sum(1, True)))
            trial = z - step
            then = value(trial)
            bound = now + 1e-12 * now.abs()  # at the minimum a step leaves the value as it is
            rose = then > bound
            for k in range(1, 8):
                if not rose.any():
                    break
                trial = torch.where(rose[:, None], z - 0.5**k * step, trial)
                then = value(trial)
                rose = then > bound
            z, now = torch.where(rose[:, None], z, trial), torch.where(rose, now, then)
        self.z_last = z.float()

    def update_q_and_u(self):
        both = self.nu + self.rho
        torch.add(self.u, self.p, alpha=self.rho, out=self.q)
        self.q.add_(self.z.relu(), alpha=self.nu).mul_(1 / both)
        self.u.add_(self.p, alpha=self.rho).sub_(self.q, alpha=self.rho)

    def iterate(self):
        self.update_p()
        self.update_w()
        self.update_z()
        self.update_q_and_u()

    def objective(self):
        """The ridge of hidden layers needs W, which the low-rank form does not make."""
        first, hidden, last = self.ridges
        w = self.w
        if self.dual and self.form == "low_rank":
            w = add_to_diagonal(self.factors[0].mT @ self.factors[1], 1.0)
        squares = lambda x: x.double().square().sum().item()
        value = torch.nn.functional.cross_entropy(self.z_last.double(), self.labels, reduction="sum").item()
        value += self.nu / 2 * (squares(self.z - self.h) + squares(self.z_last - self.h_last))
        value += self.nu / 2 * squares(self.q - self.z.relu())
        value += self.nu / 2 * (first * squares(self.w_first) + last * squares(self.w_last))
        return value + self.nu / 2 * hidden * squares(w - torch.eye(w.shape[1]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("start")
    parser.add_argument("--layers", type=int, default=10)
    parser.add_argument("--form", choices=["direct", "low_rank"], default="direct")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--checked", type=int, default=5, help="iterations before the objective is taken")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with torch.inference_mode():
        solver = Solver(*read_start(args.start), args.layers, args.form)
        for _ in range(args.checked):
            solver.iterate()
        objective, milliseconds = solver.objective(), []
        for _ in range(args.repeats):
            begin = time.perf_counter()
            solver.iterate()
            milliseconds.append((time.perf_counter() - begin) * 1e3)
    print(json.dumps({"objective": objective, "milliseconds": milliseconds, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
