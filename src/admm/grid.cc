#include "admm/grid.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tersegraph {
namespace {

/// Where a run starts, p and q have no message before them to be near to.
constexpr int kLeastStartBits = 4;

int64_t byte_rows(int plane, int64_t rows) {
  return (rows * plane + 7) / 8;
}

/// Calls visit(plane bits, shift) for the planes of a code, lowest bits first: whole bytes, then 4, 2 and 1 bits.
template <class Visit>
void for_each_plane(int bits, Visit&& visit) {
  int shift = 0;
  for (; bits - shift >= 8; shift += 8) visit(8, shift);
  for (int plane = 4; plane >= 1; plane /= 2) {
    if (bits & plane) {
      visit(plane, shift);
      shift += plane;
    }
  }
}

int64_t code_bytes(int bits, int64_t rows, int64_t cols) {
  int64_t bytes = 0;
  for_each_plane(bits, [&](int plane, int) { bytes += byte_rows(plane, rows) * cols; });
  return bytes;
}

void pack(const uint16_t* codes, int bits, int64_t rows, int64_t cols, std::byte* bytes) {
  auto* out = reinterpret_cast<uint8_t*>(bytes);
  for_each_plane(bits, [&](int plane, int shift) {
    const int64_t height = byte_rows(plane, rows);
    const auto mask = static_cast<uint16_t>((1 << plane) - 1);
    for (int64_t k = 0; k < height; ++k, out += cols) {
      std::fill_n(out, cols, uint8_t{0});
      int place = 0;
      for (int64_t i = k; i < rows; i += height, place += plane) {
        const uint16_t* row = codes + i * cols;
        for (int64_t j = 0; j < cols; ++j)
          out[j] = static_cast<uint8_t>(out[j] | (((row[j] >> shift) & mask) << place));
      }
    }
  });
}

void unpack(const std::byte* bytes, int bits, int64_t rows, int64_t cols, uint16_t* codes) {
  const auto* in = reinterpret_cast<const uint8_t*>(bytes);
  std::fill_n(codes, rows * cols, uint16_t{0});
  for_each_plane(bits, [&](int plane, int shift) {
    const int64_t height = byte_rows(plane, rows);
    const auto mask = static_cast<uint16_t>((1 << plane) - 1);
    for (int64_t k = 0; k < height; ++k, in += cols) {
      int place = 0;
      for (int64_t i = k; i < rows; i += height, place += plane) {
        uint16_t* row = codes + i * cols;
        for (int64_t j = 0; j < cols; ++j)
          row[j] = static_cast<uint16_t>(row[j] | (((in[j] >> place) & mask) << shift));
      }
    }
  });
}

/// Least and greatest of every column of x (rows, cols); `poison` becomes NaN where one is not finite, else 0.
void column_extremes(const float* x, int64_t rows, int64_t cols, float* low, float* high, float* poison) {
  std::copy_n(x, cols, low);
  std::copy_n(x, cols, high);
  std::fill_n(poison, cols, 0.0f);
  for (int64_t i = 0; i < rows; ++i) {
    const float* row = x + i * cols;
    for (int64_t j = 0; j < cols; ++j) {
      low[j] = row[j] < low[j] ? row[j] : low[j];
      high[j] = row[j] > high[j] ? row[j] : high[j];
      poison[j] += row[j] * 0.0f;
    }
  }
}

uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return 0x7FC0;
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

std::vector<float> levels_of(const AdmmConfig& config) {
  std::vector<float> levels = config.grid_levels;
  if (config.grid == GridKind::paper) {
    levels.clear();
    for (int k = -1; k <= 20; ++k) levels.push_back(static_cast<float>(k));
  } else if (config.grid == GridKind::code) {
    levels.clear();
    for (int k = 0; k < 1000; ++k) levels.push_back(static_cast<float>(-1.0 + 3.0 * k / 999.0));
  }
  return levels;
}

/// Calls visit(begin, rows, number) for the part of each block that is among `rows` columns from number `first` on;
/// begin counts from there.
template <class Visit>
void for_each_block(int64_t first, int64_t rows, Visit&& visit) {
  for (int64_t begin = 0; begin < rows;) {
    const int64_t block = (first + begin) / Grid::kGridColumns;
    const int64_t end = std::min(rows, (block + 1) * Grid::kGridColumns - first);
    visit(begin, end - begin, block);
    begin = end;
  }
}

std::vector<int64_t> blocks_cut_by(const ColumnShards& shards) {
  std::vector<int64_t> blocks;
  for (int shard = 1; shard < shards.count(); ++shard) {
    const int64_t cut = ColumnShards::begin(shards.all_columns(), shard, shards.count());
    if (cut % Grid::kGridColumns != 0) blocks.push_back(cut / Grid::kGridColumns);
  }
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  return blocks;
}

}  // namespace

Grid::Grid(const AdmmConfig& config, bool of_q, ColumnShards* shards) : shards_(shards) {
  if (shards != nullptr) {
    first_ = shards->begin();
    cut_blocks_ = blocks_cut_by(*shards);
  }
  if (config.quantize == Quantize::none || (of_q && config.quantize == Quantize::p)) return;
  if (config.grid == GridKind::affine || config.grid == GridKind::delta) {
    bits_ = config.bits;
    kind_ = bits_ == 16 ? Kind::bf16 : Kind::affine;
    of_changes_ = config.grid == GridKind::delta;
    return;
  }
  kind_ = Kind::levels;
  levels_ = levels_of(config);
  even_ = config.grid != GridKind::file;
  bits_ = std::bit_width(levels_.size() - 1);
}

Grid Grid::of_start() const {
  Grid grid = *this;
  if (of_changes_) grid.bits_ = std::max(bits_, kLeastStartBits);
  grid.of_changes_ = false;
  return grid;
}

int64_t Grid::encoded_bytes(int64_t first, int64_t rows, int64_t cols) const {
  if (kind_ == Kind::fp32) return rows * cols * 4;
  if (kind_ == Kind::bf16) return rows * cols * 2;
  int64_t bytes = 0;
  for_each_block(first, rows, [&](int64_t, int64_t part, int64_t) {
    bytes += code_bytes(bits_, part, cols) + (kind_ == Kind::affine ? cols * 8 : 0);
  });
  return bytes;
}

uint32_t Grid::code_of(float x) const {
  const auto last = static_cast<int64_t>(levels_.size()) - 1;
  if (even_) {
    const float step = (levels_.back() - levels_.front()) / static_cast<float>(last);
    const float code = std::floor((x - levels_.front()) / step + 0.5f);
    return static_cast<uint32_t>(std::clamp(code, 0.0f, static_cast<float>(last)));
  }
  const auto above = std::lower_bound(levels_.begin(), levels_.end(), x) - levels_.begin();
  if (above == 0) return 0;
  if (above > last) return static_cast<uint32_t>(last);
  return static_cast<uint32_t>(levels_[above] - x <= x - levels_[above - 1] ? above : above - 1);
}

void Grid::encode(ConstMatrixView x, std::span<std::byte> out) {
  if (kind_ == Kind::fp32) {
    std::memcpy(out.data(), x.data, out.size());
    return;
  }
  if (kind_ == Kind::affine && !cut_blocks_.empty()) agree_on_cut_blocks(x);
  std::byte* to = out.data();
  for_each_block(first_, x.rows, [&](int64_t begin, int64_t rows, int64_t block) {
    encode_block(x.row(begin), rows, x.cols, agreed_extremes(block, x.cols), to);
    to += encoded_bytes(first_ + begin, rows, x.cols);
  });
}

void Grid::agree_on_cut_blocks(ConstMatrixView x) {
  const auto numbers = static_cast<size_t>(2 * x.cols);
  agreed_.resize(cut_blocks_.size() * numbers);
  std::ranges::fill(agreed_, -std::numeric_limits<float>::infinity());
  extremes_.resize(std::max(extremes_.size(), static_cast<size_t>(3 * x.cols)));
  float *low = extremes_.data(), *high = low + x.cols, *poison = high + x.cols;
  for_each_block(first_, x.rows, [&](int64_t begin, int64_t rows, int64_t block) {
    auto* const least = const_cast<float*>(agreed_extremes(block, x.cols));
    if (least == nullptr) return;
    column_extremes(x.row(begin), rows, x.cols, low, high, poison);
    for (int64_t j = 0; j < x.cols; ++j) {
      least[j] = -low[j];
      least[x.cols + j] = high[j] + poison[j];
    }
  });
  shards_->max(agreed_);
}

/// Of a block that only this rank has, null.
const float* Grid::agreed_extremes(int64_t block, int64_t cols) const {
  const auto at = std::ranges::lower_bound(cut_blocks_, block);
  if (agreed_.empty() || at == cut_blocks_.end() || *at != block) return nullptr;
  return agreed_.data() + 2 * cols * (at - cut_blocks_.begin());
}

void Grid::decode(std::span<const std::byte> bytes, MatrixView x) {
  if (kind_ == Kind::fp32) {
    std::memcpy(x.data, bytes.data(), bytes.size());
    return;
  }
  const std::byte* from = bytes.data();
  for_each_block(first_, x.rows, [&](int64_t begin, int64_t rows, int64_t) {
    decode_block(from, rows, x.cols, x.row(begin));
    from += encoded_bytes(first_ + begin, rows, x.cols);
  });
}

void Grid::encode_block(const float* x, int64_t rows, int64_t cols, const float* agreed, std::byte* out) {
  codes_.resize(std::max<size_t>(codes_.size(), static_cast<size_t>(rows * cols)));
  uint16_t* codes = codes_.data();
  if (kind_ == Kind::bf16) {
    for (int64_t i = 0; i < rows * cols; ++i) codes[i] = to_bf16(x[i]);
    std::memcpy(out, codes, static_cast<size_t>(rows * cols) * 2);
    return;
  }
  if (kind_ == Kind::levels) {
    for (int64_t i = 0; i < rows * cols; ++i) codes[i] = static_cast<uint16_t>(code_of(x[i]));
    return pack(codes, bits_, rows, cols, out);
  }
  extremes_.resize(std::max<size_t>(extremes_.size(), static_cast<size_t>(3 * cols)));
  float *low = extremes_.data(), *step = low + cols, *per_step = step + cols;
  if (agreed == nullptr) {
    column_extremes(x, rows, cols, low, step, per_step);
  } else {
    for (int64_t j = 0; j < cols; ++j) {
      low[j] = -agreed[j], step[j] = agreed[cols + j], per_step[j] = 0.0f;
    }
  }
  const auto top = static_cast<float>((1 << bits_) - 1);
  for (int64_t j = 0; j < cols; ++j) {
    step[j] = (step[j] - low[j]) / (of_changes_ ? top + 1.0f : top) + per_step[j];
    if (of_changes_) low[j] += step[j] / 2.0f;
    per_step[j] = step[j] > 1e-30f ? 1.0f / step[j] : 0.0f;
  }
  std::memcpy(out, low, static_cast<size_t>(cols) * 8);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      // Written so that a NaN becomes a code too; the neuron's step, which is NaN then, keeps it.
      const float code = (x[i * cols + j] - low[j]) * per_step[j] + 0.5f;
      codes[i * cols + j] = static_cast<uint16_t>(static_cast<int32_t>(code > 0.0f ? (code < top ? code : top) : 0.0f));
    }
  }
  pack(codes, bits_, rows, cols, out + cols * 8);
}

void Grid::decode_block(const std::byte* bytes, int64_t rows, int64_t cols, float* x) {
  codes_.resize(std::max<size_t>(codes_.size(), static_cast<size_t>(rows * cols)));
  uint16_t* codes = codes_.data();
  if (kind_ == Kind::bf16) {
    std::memcpy(codes, bytes, static_cast<size_t>(rows * cols) * 2);
    for (int64_t i = 0; i < rows * cols; ++i) x[i] = std::bit_cast<float>(static_cast<uint32_t>(codes[i]) << 16);
    return;
  }
  if (kind_ == Kind::levels) {
    unpack(bytes, bits_, rows, cols, codes);
    for (int64_t i = 0; i < rows * cols; ++i) x[i] = levels_[std::min<size_t>(codes[i], levels_.size() - 1)];
    return;
  }
  extremes_.resize(std::max<size_t>(extremes_.size(), static_cast<size_t>(3 * cols)));
  float *low = extremes_.data(), *step = low + cols;
  std::memcpy(low, bytes, static_cast<size_t>(cols) * 8);
  unpack(bytes + cols * 8, bits_, rows, cols, codes);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) x[i * cols + j] = low[j] + step[j] * static_cast<float>(codes[i * cols + j]);
  }
}

}  // namespace tersegraph
