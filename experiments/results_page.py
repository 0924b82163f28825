"""The page that holds every claim, written from what the experiments wrote and from nothing else."""

import os
import re

import harness

NOT_HAD = {"Reddit, Yelp, AmazonProducts": "AdaQP's sets", "ogbn-products, ogbn-arxiv, papers100M": "only their shapes, simulated",
           "Flickr, PubMed with features, Coauthor Physics": "of pdADMM-G's nine sets five are here"}
HEAD = """# Results, claim by claim

What papers claim and what we claim, beside what was measured here. Every figure comes from an experiment, named on its page with the
command that made it; `experiments/run --list` says what each needs and takes, and `experiments/run all` makes all of them again. The
papers' figures are from other machines (GPUs) and, where a set cannot be had, other sets: a ratio says how far the claim holds here.
"""
BEGIN, END = "<!-- headline figures: experiments/run --from-results -->", "<!-- end of headline figures -->"


def row(claim):
    ratio = "" if claim["ratio"] is None else f"{claim['ratio']:.2f}"
    word = claim["verdict"] if claim["verdict"] in ("holds", "not tested") else f"**{claim['verdict']}**"
    return [claim["whose"], claim["claim"], claim["claimed"] or "", claim["ours"], ratio, word, claim["why"]]


def section(name, module, found, folder):
    page = f"[{name}.md]({name}.md), " if (folder / f"{name}.md").exists() else ""
    raw = f"raw figures in [{name}.json]({name}.json). " if found["results"] is not None else ""
    made = page + raw + f"Made by `{found['command']}`." + "".join(f" Left out: {words}." for words in found["left_out"])
    header = ["whose", "claim", "claimed", "ours", "ratio", "", "why"]
    return "\n\n".join([f"## {harness.heading(module)[0]}", made, harness.table(header, map(row, found["claims"]))])


def tally(founds):
    words = [claim["verdict"] for found in founds.values() for claim in found["claims"]]
    plural = {"better": "better", "holds": "hold", "does not hold": "do not hold", "not tested": "not tested"}
    return f"{len(words)} claims: " + ", ".join(f"{words.count(word)} {said}" for word, said in plural.items()) + ".\n"


def page(folder, modules):
    founds = {name: found for name in modules if (found := harness.load(folder, name))}
    limits = [f"- {words} ([{name}]({name}.md))" for name, found in founds.items() for words in found["limits"]]
    agreement = "Two runs beside each other: [agreement.md](agreement.md).\n" if (folder / "agreement.md").exists() else ""
    parts = [HEAD, tally(founds) + agreement] + [section(name, modules[name], found, folder) for name, found in founds.items()]
    parts += ["## Limits\n\nWhere something else is the better choice, by the same measurements. "
              "Made by `experiments/run --from-results`.\n\n" + "\n".join(limits) + "\n",
              "## Sets that cannot be had\n\n" + harness.table(["sets", ""], NOT_HAD.items()) +
              "\nGraphs that the program generates are called generated, with the words that make them.\n"]
    return "\n".join(parts)


def headlines(folder, modules):
    """The block of README.md."""
    lines = [f"- {claim['headline']} ([{name}](docs/results/{name}.md))" for name in modules
             for claim in (harness.load(folder, name) or {"claims": []})["claims"] if claim["headline"]]
    return "\n".join([BEGIN, "", *lines, "", END])


def with_headlines(text, block):
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, text, flags=re.S)


def write(folder, modules):
    """The page in the folder of results and, where that is the project's own, the headline figures of README.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(page(folder, modules))
    print(f"wrote {folder / 'README.md'}")
    if os.path.realpath(folder) == os.path.realpath(harness.ROOT / "docs/results"):
        readme = harness.ROOT / "README.md"
        readme.write_text(with_headlines(readme.read_text(), headlines(folder, modules)))
