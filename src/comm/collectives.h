#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "comm/channel.h"

namespace tersegraph {

/// Tags below kFirstFreeTag belong to the collectives.
constexpr int kFirstFreeTag = 64;

/// values = sum over ranks, added in rank order on every element, so that threads and MPI agree bit for bit. Each rank
/// sums one slice and sends it to all: 2 (R-1)/R of the buffer leaves each rank. A buffer of at most kSmallReduce bytes
/// goes to all whole, and each rank makes the same sums: R-1 times the buffer, in one step.
constexpr size_t kSmallReduce = 4096;
void all_reduce_sum(Channel& channel, Traffic kind, std::span<float> values);
void all_reduce_sum(Channel& channel, Traffic kind, std::span<double> values);
void all_reduce_sum(Channel& channel, Traffic kind, std::span<int64_t> values);
/// The greatest over ranks, element by element; NaN where any rank's value is.
void all_reduce_max(Channel& channel, Traffic kind, std::span<float> values);
/// The same of one number.
double all_reduce_max(Channel& channel, Traffic kind, double value);

/// The bytes of every rank, in rank order; lengths may differ (8 bytes to each peer tell them, here and in all_to_all).
std::vector<std::vector<std::byte>> all_gather(Channel& channel, Traffic kind, std::span<const std::byte> bytes);

/// Bytes that a rank sends in all_reduce_sum of `count` values of `size` bytes, and in all_gather of `bytes`; seals
/// count.
int64_t all_reduce_bytes(int64_t count, int64_t size, int rank, int ranks);
int64_t all_gather_bytes(int64_t bytes, int ranks);

/// What each rank has for each other one: outgoing[q] goes to rank q; returns incoming[q] from rank q (own entry: a
/// copy).
std::vector<std::vector<std::byte>> all_to_all(Channel& channel, Traffic kind,
                                               const std::vector<std::vector<std::byte>>& outgoing);

void barrier(Channel& channel);

/// Beside InputError or RunError, a base of what agree() throws: every rank throws it, so no other needs to be stopped.
struct Agreed {};

/// Runs `step` on every rank; when it throws on any, throws on all with the message of the lowest rank that failed (an
/// InputError stays an InputError), so that one of them can report it and all can end.
void agree(Channel& channel, const std::function<void()>& step);

}  // namespace tersegraph
