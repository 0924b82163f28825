#pragma once

#include "exchange/stale_exchange.h"

namespace tersegraph {

/// SANCUS (Peng et al., VLDB 2022): a rank does not send again what has hardly changed; the receiver goes on with the
/// copy that it has. As there, the choice is made for all rows of a rank and layer at once; here for those that go to
/// one peer in one exchange, since every peer needs others.
///
/// With X the rows as they are and X~ as they were sent last, they are sent when ||X - X~||_F > bound * ||X~||_F or
/// when X~ is `epochs` epochs old (0: at any age). Otherwise a message of no rows says so, 16 bytes. At bound 0 only
/// equal rows are held back: exact.
class SancusExchange final : public StaleExchange {
 public:
  SancusExchange(Channel& channel, int tag, double bound, int64_t epochs)
      : StaleExchange(channel, tag), bound_(bound), epochs_(epochs) {}

  void start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) override;
  void finish(ConstMatrixView x, MatrixView y, PhaseSeconds& seconds) override;

  void append(std::vector<std::byte>& bytes) const override;
  void read(ByteReader& reader) override;

 private:
  void measure_drift();
  bool drifted(int peer) const;

  double bound_;
  int64_t epochs_;
  Matrix rows_, sent_;         ///< (rows sent, cols): as they are, and as they were sent last
  std::vector<int64_t> age_;   ///< by peer, epochs since
  std::vector<double> drift_;  ///< of each row: squared norms of the change and of what was sent
  std::vector<uint8_t> held_back_;
};

}  // namespace tersegraph
