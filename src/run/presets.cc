#include "run/presets.h"

#include "base/error.h"
#include "run/options.h"
#include "run/suggest.h"

namespace tersegraph {
namespace {

/// AdaQP trains GCN and GraphSAGE alike: what differs by dataset.
struct AdaqpSet {
  const char *name, *data;
  int assign_every, epochs;
};
constexpr AdaqpSet kAdaqpSets[] = {{"reddit", "Reddit", 100, 500},
                                   {"yelp", "Yelp", 200, 1000},
                                   {"products", "ogbn-products", 50, 250},
                                   {"amazonproducts", "AmazonProducts", 240, 1200}};

/// rho = nu by dataset, of pdADMM-G and of pdADMM-G-Q.
struct AdmmSet {
  const char *name, *data, *nu, *nu_quantized;
};
constexpr AdmmSet kAdmmSets[] = {{"cora", "Cora", "1e-4", "1e-4"},
                                 {"pubmed", "PubMed", "1e-4", "1e-3"},
                                 {"citeseer", "Citeseer", "1e-4", "1e-3"},
                                 {"computers", "Amazon Computers", "1e-3", "1e-3"},
                                 {"photo", "Amazon Photo", "1e-3", "1e-3"},
                                 {"cs", "Coauthor CS", "1e-2", "1e-2"},
                                 {"physics", "Coauthor Physics", "1e-2", "1e-2"},
                                 {"flickr", "Flickr", "1e-4", "1e-4"},
                                 {"arxiv", "ogbn-arxiv", "1e-4", "1e-4"}};

/// Without the guard, which is not the paper's; its rows are grouped by a hundred and more, ours are not.
Preset adaqp(const AdaqpSet& set, bool sage) {
  return {fmt::format("adaqp-{}{}", set.name, sage ? "-sage" : ""),
          set.data,
          "AdaQP",
          {{"model", sage ? "sage" : "gcn"},
           {"layers", "3"},
           {"hidden", "256"},
           {"dropout", "0.5"},
           {"norm", "layer"},
           {"layer-order", "dropout-norm-relu"},
           {"optimizer", "adam"},
           {"lr", "0.01"},
           {"epochs", fmt::format("{}", set.epochs)},
           {"exchange", "adaptive"},
           {"widths", "2,4,8"},
           {"assign-every", fmt::format("{}", set.assign_every)},
           {"link-rounds", "ring"},
           {"guard-every", "0"},
           {"intra", "same"}}};
}

/// The paper's gradient steps on raw features, without ridges. Quantized, p is held to the levels of its code, 1000 in
/// [-1, 2]: on the whole numbers -1 to 20 of its text, at these rho, the Lagrangian leaves all bounds.
Preset pdadmm(const AdmmSet& set, bool quantized) {
  Preset preset = {fmt::format("pdadmm-g-{}{}-10x100", quantized ? "q-" : "", set.name),
                   set.data,
                   quantized ? "pdADMM-G-Q" : "pdADMM-G",
                   {{"model", "gamlp"},
                    {"optimizer", "admm"},
                    {"hidden", "100"},
                    {"hops", "3"},
                    {"operator", "sym"},
                    {"row-norm", "none"},
                    {"hop-scale", "false"},
                    {"stages", "2,5,10"},
                    {"iterations", "200,200,200"},
                    {"solver", "gradient"},
                    {"ridge", "0,0,0"},
                    {"nu", quantized ? set.nu_quantized : set.nu},
                    {"rho", quantized ? set.nu_quantized : set.nu}}};
  if (quantized) preset.words.insert(preset.words.end(), {{"quantize", "p"}, {"grid", "code"}});
  return preset;
}

std::vector<Preset> make_presets() {
  std::vector<Preset> table;
  for (const bool sage : {false, true}) {
    for (const AdaqpSet& set : kAdaqpSets) table.push_back(adaqp(set, sage));
  }
  for (const bool quantized : {false, true}) {
    for (const AdmmSet& set : kAdmmSets) table.push_back(pdadmm(set, quantized));
  }
  return table;
}

}  // namespace

std::span<const Preset> presets() {
  static const std::vector<Preset> table = make_presets();
  return table;
}

std::string preset_words(const Preset& preset) {
  std::string words;
  for (const auto& [option, word] : preset.words) {
    if (!words.empty()) words += ' ';
    words += word == "false" ? fmt::format("--no-{}", option) : fmt::format("--{} {}", option, word);
  }
  return words;
}

const Preset& find_preset(std::string_view name, std::string_view where) {
  std::vector<std::string_view> known;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return preset;
    known.push_back(preset.name);
  }
  const std::string near = did_you_mean(name, known);
  fail_input("{} '{}' is not known{}", where, name,
             near.empty() ? "; tersegraph train --help presets lists them" : near);
}

void start_from_preset(RunConfig& config, std::string_view name, std::string_view where) {
  const Preset& preset = find_preset(name, where);
  for (const auto& [option, word] : preset.words) set_option(config, find_option(option, name), word, option);
  config.preset = name;
}

RunConfig without_preset(RunConfig config) {
  if (config.preset.empty()) return config;
  const Preset& preset = find_preset(config.preset, "--preset");
  if (config.data == RunConfig{}.data) fail_preset_data(preset);
  for (const auto& [name, word] : preset.words) {
    const Option& option = find_option(name, preset.name);
    if (option_word(config, option) == option_word({}, option)) set_option(config, option, word, preset.name);
  }
  config.preset.clear();
  return config;
}

void fail_preset_data(const Preset& preset) {
  fail_input("--preset {} is for {}; say where that is by --data (see docs/data.md)", preset.name, preset.data);
}

}  // namespace tersegraph
