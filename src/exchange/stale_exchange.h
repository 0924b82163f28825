#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/byte_stream.h"
#include "exchange/halo_exchange.h"
#include "exchange/policy.h"

namespace tersegraph {

/// An exchange of every training epoch under a method that goes on with rows of earlier epochs: what it sends and when,
/// and what the receiver does with the rows that it has stored. Every rank makes the same calls in the same order.
class StaleExchange {
 public:
  StaleExchange(Channel& channel, int tag) : channel_(channel), exchange_(channel, tag) {}
  virtual ~StaleExchange() = default;

  /// Before the rank computes its local part. `plan` must be the same at every call and outlive this.
  virtual void start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) = 0;
  /// Afterwards: y += plan.scatter * (rows stored), with the plan, x and pass of start().
  virtual void finish(ConstMatrixView x, MatrixView y, PhaseSeconds& seconds) = 0;
  /// Waits for messages that are under way, which changes nothing of what finish() will do.
  virtual void settle(PhaseSeconds&) {}

  /// What later epochs depend on; settle() first. Errors of read(): RunError for bytes of another exchange, there or at
  /// the next start().
  virtual void append(std::vector<std::byte>& bytes) const;
  virtual void read(ByteReader& reader);

  const HaloExchange& exchange() const { return exchange_; }
  /// Takes what has come; for the rank's thread, between blocks of computation.
  void progress() {
    if (exchange_.under_way()) exchange_.progress();
  }

 protected:
  /// Of every start(); makes room for the rows.
  void meet(const ExchangePlan& plan, int64_t cols, const ExchangePass& pass);
  bool has_stored() const { return has_stored_; }
  /// Takes what arrived: stored = smoothing * stored + (1 - smoothing) * arrived, of the first ones arrived alone. Rows
  /// that were held back stay.
  void store(float smoothing, PhaseSeconds& seconds);
  void accumulate(MatrixView y, PhaseSeconds& seconds);
  /// `rows` becomes (count, cols), or is found to be so where a checkpoint had it.
  static void make_room(Matrix& rows, int64_t count, int64_t cols);
  static void append(const Matrix& rows, std::vector<std::byte>& bytes);
  static void read(Matrix& rows, ByteReader& reader);

  Channel& channel_;
  HaloExchange exchange_;
  const ExchangePlan* plan_ = nullptr;
  ExchangePass pass_;

 private:
  bool has_stored_ = false;
  Matrix stored_;                  ///< (rows received, cols)
  std::vector<EncodedRow> views_;  ///< its rows
};

/// Those of a model, made when they are first met.
class StaleExchanges {
 public:
  StaleExchanges(Channel& channel, const ExchangeConfig& config) : channel_(channel), config_(config) {}

  /// Null where the policy knows no rows but this epoch's.
  StaleExchange* of(bool backward, int layer);

  void settle();
  void progress();
  double hidden_seconds() const;
  /// Bits and values sent so far, as HaloExchange counts them.
  int64_t halo_bits() const;
  int64_t halo_values() const;

  void append(std::vector<std::byte>& bytes) const;
  /// Before the first epoch.
  void read(ByteReader& reader);

 private:
  Channel& channel_;
  ExchangeConfig config_;
  std::map<std::pair<int, int>, std::unique_ptr<StaleExchange>> exchanges_;  ///< by backward? and layer
};

}  // namespace tersegraph
