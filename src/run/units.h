#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tersegraph {

/// "812 B", "3.4 MB" (powers of 1000).
std::string format_bytes(double bytes);
/// The bytes of "800M", "16G", "15.5Gi" (k, M, G, T are powers of 1000; Ki, Mi, Gi, Ti of 1024; a B may follow).
/// Errors: InputError; `where` opens its message.
int64_t parse_bytes(std::string_view words, std::string_view where);
/// "85 ms", "12.3 s", "4 min 05 s", "2 h 10 min".
std::string format_seconds(double seconds);
/// "1,234,567"; count >= 0.
std::string format_count(int64_t count);

}  // namespace tersegraph
