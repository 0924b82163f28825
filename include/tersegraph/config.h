#pragma once

#include <cstdint>
#include <string>

namespace tersegraph {

/// Everything that a training run depends on: plain data, with the defaults of `tersegraph train`. Each member is the
/// flag of the same name (`weight_decay` is `--weight-decay` and the key `weight-decay` of config.toml), where its
/// words and bounds stand.
struct RunConfig {
  std::string preset;  ///< a paper's settings for those members that have their default; "": none

  std::string data = "sbm:nodes=20000,edges=200000,features=64,classes=8,seed=1";  ///< a file or "sbm:..."
  std::string split;                                                               ///< "": the dataset's own
  int64_t split_index = 0;
  bool normalize_features = false;

  std::string model = "gcn";  ///< gcn, sage, gamlp, sgc
  int64_t layers = 0;         ///< 0: 3; of gamlp 2, or the last of `stages`; of sgc 1
  int64_t hidden = 0;         ///< 0: 256; of gamlp 100
  double dropout = -1.0;      ///< -1: 0.5; of gamlp and sgc 0
  double input_dropout = 0.0;
  std::string norm = "none";                      ///< layer, none
  std::string layer_order = "norm-relu-dropout";  ///< or dropout-norm-relu
  bool residual = false;
  std::string init = "glorot";      ///< glorot, he, normal
  std::string activation = "relu";  ///< of admm: relu, leaky-relu, tanh, sigmoid
  std::string stages;               ///< layers of each stage of growth: "2,5,10"

  int64_t hops = -1;              ///< -1: 3; of sgc 2
  std::string operator_ = "sym";  ///< sym, rw, raw
  std::string row_norm = "l2";    ///< l2, none
  bool hop_scale = true;

  std::string optimizer = "adam";  ///< adam, sgd, adagrad, adadelta, admm
  int64_t epochs = 0;              ///< 0: 200, or the sum of `iterations`
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

  std::string iterations;  ///< of each stage: "20,10,20"
  double nu = 3e-3;
  double rho = 0.0;                  ///< 0: that of `nu`
  std::string ridge = "0.1,1,0.15";  ///< of the first, hidden and last weights, in units of nu
  double init_scale = 0.15;          ///< standard deviation of the first layer's first outputs
  std::string solver = "closed";     ///< closed, gradient
  double tolerance = 0.0;            ///< 0: never stop early
  std::string quantize = "none";     ///< none, p, pq
  std::string grid;                  ///< delta, affine, paper, code or a file of levels; "": delta, at 16 bits affine
  bool check_theory = false;         ///< say whether the proof of descent covers rho and nu
  int64_t layer_ranks = 0;           ///< ranks that ADMM's layers are spread over; 0: ranks / node_ranks
  int64_t node_ranks = 0;            ///< ranks that its training nodes are cut over; 0: ranks / layer_ranks, or 1

  int64_t ranks = 0;                ///< 0: what mpirun started, or 1
  int64_t threads = 0;              ///< a rank; 0: this machine's cores shared among its ranks
  int64_t timeout = 600;            ///< seconds that a rank waits for a message of another; 0: for ever
  std::string partition = "metis";  ///< metis, metis-volume, metis-refined, stream, random, block
  std::string reorder = "auto";     ///< auto, none, rcm, clusters
  std::string exchange;             ///< exact, uniform, random, adaptive, pipe, sancus; "": by the ranks' hosts
  int64_t bits = 0;                 ///< of uniform, pipe, or of p and q: 1 to 8, 16 or 32; 0: 8, 32 or 4
  std::string widths = "2,4,8";     ///< of random and adaptive
  int64_t assign_every = 50;        ///< epochs between choices of widths
  double lambda = 0.5;              ///< of adaptive: weight of the error against the time
  std::string budget;               ///< of adaptive: bytes=SHARE, time=SECONDS, error=SHARE, slack; "": by lambda
  std::string link;                 ///< of adaptive: "1gbit,50us", or every pair of hosts: "0>1 1gbit; 1>0 2gbit"
  std::string link_rounds = "all";  ///< how adaptive thinks of an exchange: all at once, ring
  std::string intra;                ///< ranks on one host: exact, same; "": exact, unless there is but one host
  int64_t reduce_bits = 32;         ///< a value of the gradients that ranks sum: 8, 16 (bfloat16) or 32
  int64_t guard_every = 100;        ///< of adaptive: epochs between checks of the gradient; 0: none
  double pipe_smoothing = 0.0;      ///< of pipe: what moving averages of the rows keep
  double sancus_bound = 0.2;        ///< of sancus: relative change from which rows are sent again
  int64_t sancus_epochs = 0;        ///< of sancus: age at which they are in any case; 0: none
  std::string halo_rows;            ///< sources, cover; "": cover where messages are exact
  bool overlap = true;              ///< compute while messages travel; false: only when they have come, to compare
  bool layer0_cache = true;
  bool aggregate_first = false;
  int64_t activation_bits = 0;  ///< of what the way back needs: 32, 8 or 4; 0: 32, or what memory_limit asks for
  int64_t gather_bits = 32;     ///< of the rows that one rank's aggregation reads: 32, or 16 (bfloat16)
  std::string memory_limit;     ///< of a process: "16G" (10^9 bytes), "16Gi" (2^30); "": none

  int64_t checkpoint_every = 0;  ///< epochs; 0: only where a signal stops the run
  std::string out;               ///< "": `runs/` with the UTC time and the model
  bool quiet = false;
};

}  // namespace tersegraph
