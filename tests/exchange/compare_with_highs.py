"""Compares the width assigner with the integer programs that HiGHS solves.

    compare_with_highs.py PROGRAM      PROGRAM prints instances and the widths chosen for them (width_instances.cc)

For each instance: the widths must cost at most 0.1% more than the optimum of the linear program in which a message
may be split among widths, and no more than that of AdaQP's integer program (MLSys 2023, section 4), with one width for
each group of 100 messages of a pair of ranks, sorted by cost. All costs are counted here anew. Exit code 77: highspy is
not there.
"""
import json
import subprocess
import sys
import time

try:
    import highspy
    import numpy as np
except ImportError:
    print("skipped: highspy or numpy is not there")
    sys.exit(77)

HEADER, PARAMS, GROUP = 24, 4, 100


def plane_bytes(bits, cols):
    return sum((cols * plane + 7) // 8 for plane in (8, 4, 2, 1) if bits & plane)


class Instance:
    """Items (messages or groups of them), each with bytes and variance by width, and the loads of the time model."""

    def __init__(self, data):
        self.data = data
        self.widths = data["allowed"]
        exchange, = data["exchanges"]
        self.factor = np.array([1 / (2**b - 1) ** 2 for b in self.widths])
        self.row_bytes = np.array([PARAMS + plane_bytes(b, exchange["cols"]) for b in self.widths], float)
        self.pairs, costs, pair_of, chosen = [], [], [], []
        for sender, rank in enumerate(exchange["ranks"]):
            for receiver in range(len(exchange["ranks"])):
                first, last = rank["offsets"][receiver : receiver + 2]
                if first == last:
                    continue
                costs += rank["weights"][first:last]
                chosen += [self.widths.index(b) for b in rank["widths"][first:last]]
                pair_of += [len(self.pairs)] * (last - first)
                self.pairs.append((sender, receiver))
        self.costs, self.pair_of, self.chosen = np.array(costs), np.array(pair_of), np.array(chosen)
        self.loads = self.make_loads()
        self.low = self.count(np.zeros(len(costs), int))
        self.high = self.count(np.full(len(costs), len(self.widths) - 1))

    def link(self, pair):
        a, b = (self.data["host_of"][rank] for rank in self.pairs[pair])
        at = 2 * (a * self.data["hosts"] + b)
        return (0.0, 0.0) if a == b else tuple(self.data["links"][at : at + 2])

    def make_loads(self):
        """(round, pairs): Z of the round is at least the seconds of those pairs together."""
        ranks, host_of = len(self.data["host_of"]), self.data["host_of"]
        if self.data["schedule"] == "ring":
            return [((b - a) % ranks, [k]) for k, (a, b) in enumerate(self.pairs)]
        loads = []
        for host in range(self.data["hosts"]):
            for side in (0, 1):
                loads.append((0, [k for k, pair in enumerate(self.pairs) if host_of[pair[side]] == host]))
        return loads

    def seconds(self, pair_bytes):
        time_of = {}
        for name, pairs in self.loads:
            load = sum(self.link(k)[0] * pair_bytes[k] + self.link(k)[1] for k in pairs)
            time_of[name] = max(time_of.get(name, 0), load)
        return sum(time_of.values())

    def count(self, at):
        """(variance, seconds) with width number at[i] for message i."""
        pair_bytes = HEADER + np.bincount(self.pair_of, self.row_bytes[at], len(self.pairs))
        return (self.costs * self.factor[at]).sum(), self.seconds(pair_bytes)

    def objective(self, at):
        variance, seconds = self.count(at)
        lam = self.data["lambda"]
        return (lam * (variance - self.high[0]) / (self.low[0] - self.high[0])
                + (1 - lam) * (seconds - self.low[1]) / (self.high[1] - self.low[1]))

    def groups(self, size):
        """Messages of each group: of one pair, sorted by cost."""
        groups = []
        for pair in range(len(self.pairs)):
            members = np.flatnonzero(self.pair_of == pair)
            members = members[np.argsort(self.costs[members])]
            groups += [members[k : k + size] for k in range(0, len(members), size)]
        return groups

    def solve(self, size, integer):
        """The optimum with one width a group; unless `integer`, a group may be split among widths."""
        lam, groups, count = self.data["lambda"], self.groups(size), len(self.widths)
        per_variance = lam / (self.low[0] - self.high[0])
        per_second = (1 - lam) / (self.high[1] - self.low[1])
        rounds = sorted({name for name, _ in self.loads})
        columns = len(groups) * count
        cost = np.concatenate([per_variance * self.costs[g].sum() * self.factor for g in groups]
                              + [np.full(len(rounds), per_second)])
        pair_of = [self.pair_of[g[0]] for g in groups]
        starts, index, value, lower, upper = [0], [], [], [], []
        for g in range(len(groups)):
            index += range(g * count, (g + 1) * count)
            value += [1.0] * count
            starts.append(len(index)), lower.append(1), upper.append(1)
        unit = self.high[1]  # seconds in units of this: coefficients near 1
        for name, pairs in self.loads:
            fixed = 0
            for k in pairs:
                theta, gamma = self.link(k)
                fixed += theta * HEADER + gamma
            for g, group in enumerate(groups):
                if pair_of[g] in pairs:
                    index += range(g * count, (g + 1) * count)
                    value += list(self.link(pair_of[g])[0] * len(group) * self.row_bytes / unit)
            index.append(columns + rounds.index(name)), value.append(-1.0)
            starts.append(len(index)), lower.append(-highspy.kHighsInf), upper.append(-fixed / unit)
        cost[columns:] *= unit
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("mip_rel_gap", 1e-4)
        solver.setOptionValue("threads", 1)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = columns + len(rounds), len(lower)
        lp.col_cost_ = cost
        lp.col_lower_ = np.zeros(lp.num_col_)
        lp.col_upper_ = np.concatenate([np.ones(columns), np.full(len(rounds), highspy.kHighsInf)])
        lp.row_lower_, lp.row_upper_ = np.array(lower, float), np.array(upper, float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = np.array(starts), np.array(index)
        lp.a_matrix_.value_ = np.array(value)
        if integer:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * columns + [
                highspy.HighsVarType.kContinuous] * len(rounds)
        lp.offset_ = -per_variance * self.high[0] - per_second * self.low[1]
        solver.passModel(lp)
        solver.run()
        return solver.getInfo().objective_function_value


def main(program):
    failed = False
    for data in json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout):
        instance = Instance(data)
        ours, bound = instance.objective(instance.chosen), data["bound"]
        begin = time.time()
        single = instance.solve(1, integer=False)
        middle = time.time()
        grouped = instance.solve(GROUP, integer=True)
        good = bound <= single * (1 + 1e-6) and ours <= single * 1.001 and ours <= grouped * (1 + 1e-6)
        failed |= not good
        print(f"{data['schedule']} lambda {data['lambda']} widths {data['allowed']} messages {len(instance.costs)}: "
              f"ours {ours:.6f}, its bound {bound:.6f}, continuous {single:.6f} ({middle - begin:.1f} s), "
              f"groups {grouped:.6f} ({time.time() - middle:.1f} s){'' if good else '  FAILED'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
