// The words of options that have a grammar of their own.
#include <optional>

#include "data/split.h"
#include "data/synthetic.h"
#include "exchange/goal_words.h"
#include "exchange/link_words.h"
#include "fuzz.h"
#include "run/lists.h"
#include "run/options.h"
#include "run/train_config.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const int kind = input.below(7);
  const std::string words(fuzz::text_of(input.rest()));
  static const Dataset dataset = synthetic_dataset("sbm:nodes=60,edges=100,classes=3,features=2");
  fuzz::expect_read_or_refused([&] {
    if (kind == 0) {
      // Sizes are the user's to choose, within the machine's memory; here they stay small. To draw edges by weights
      // that differ as much as some words want takes seconds.
      synthetic_dataset("sbm:nodes=40,edges=0,features=2,classes=3," + words);
    } else if (kind == 1) {
      const std::string printed = print_links(parse_links(words, 3));
      if (print_links(parse_links(printed, 3)) != printed) std::abort();
    } else if (kind == 2) {
      parse_goal(words, 0.5);
    } else if (kind == 3) {
      parse_counts(words, "--stages");
    } else if (kind == 4) {
      choose_split(dataset, words, 0, 1);
    } else if (kind == 5) {
      class_weights(words, dataset.labels, dataset.splits[0]);
    } else {
      const size_t equals = words.find('=');
      const Option& option = find_option(std::string_view(words).substr(0, equals), "--" + words.substr(0, equals));
      RunConfig config;
      set_option(config, option, equals < words.size() ? words.substr(equals + 1) : "", "--option");
    }
  });
  return 0;
}
