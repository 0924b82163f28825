#pragma once

#include <cstdint>
#include <string>

namespace tersegraph {

/// Everything that a training run depends on: plain data, with the defaults of `tersegraph train`. Each member is the
/// flag of the same name (`weight_decay` is `--weight-decay` and the key `weight-decay` of config.toml), where its
/// words and bounds stand.
struct RunConfig {
  std::string data = "sbm:nodes=20000,edges=200000,features=64,classes=8,seed=1";  ///< a file or "sbm:..."
  std::string split;                                                               ///< "": the dataset's own
  int64_t split_index = 0;
  bool normalize_features = false;

  std::string model = "gcn";  ///< gcn, sage
  int64_t layers = 3;
  int64_t hidden = 256;
  double dropout = 0.5;
  double input_dropout = 0.0;
  std::string norm = "none";                      ///< layer, none
  std::string layer_order = "norm-relu-dropout";  ///< or dropout-norm-relu
  bool residual = false;

  std::string optimizer = "adam";  ///< adam, sgd, adagrad, adadelta
  int64_t epochs = 200;
  double lr = 0.01;
  std::string lr_schedule = "constant";
  double weight_decay = 0.0;
  bool decay_first_layer_only = false;
  std::string loss = "auto";           ///< auto, ce, bce, mse
  std::string class_weights = "none";  ///< none, balanced, or one positive number a class: "1,2.5,1"
  int64_t patience = 0;                ///< 0: never stop early
  int64_t eval_every = 1;              ///< 0: only the last epoch
  int64_t seed = 0;
  int64_t runs = 1;

  int64_t ranks = 0;                ///< 0: what mpirun started, or 1
  int64_t threads = 0;              ///< a rank; 0: this machine's cores shared among its ranks
  std::string partition = "metis";  ///< metis, metis-volume, random, block
  std::string reorder = "auto";     ///< auto, none, rcm, clusters
  std::string exchange = "exact";   ///< exact, uniform
  int64_t bits = 0;                 ///< of uniform: 1 to 8, 16 or 32; 0: 8
  bool layer0_cache = true;
  bool aggregate_first = false;

  std::string out;  ///< "": runs/<UTC time>-<model>
  bool quiet = false;
};

}  // namespace tersegraph
