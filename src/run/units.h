#pragma once

#include <cstdint>
#include <string>

namespace tersegraph {

/// "812 B", "3.4 MB" (powers of 1000).
std::string format_bytes(double bytes);
/// "85 ms", "12.3 s", "4 min 05 s", "2 h 10 min".
std::string format_seconds(double seconds);
/// "1,234,567"; count >= 0.
std::string format_count(int64_t count);

}  // namespace tersegraph
