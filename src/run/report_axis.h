#pragma once

#include <string>
#include <vector>

namespace tersegraph {

/// What a number of a report counts. A share is of 1 and shown in per cent.
enum class Unit { number, share, seconds, bytes, bits };

/// "95.67 %", "4.3 MB", "46 ms", "2.40 bits", "0.1042"; "–" for what is not finite.
std::string value_words(Unit unit, double value);

/// Values along one side of a chart, with round ticks.
struct Axis {
  struct Tick {
    double value;
    std::string words;
  };
  double low = 0.0, high = 1.0;
  bool logarithmic = false;
  std::string unit;  ///< that the ticks' words count, such as "ms"; "" for plain numbers
  std::vector<Tick> ticks;

  /// From 0 to 1 between the ends.
  double position(double value) const;
};

/// Around the values from `low` to `high`; `low` <= `high`, both finite.
Axis linear_axis(Unit unit, double low, double high);

/// The same by powers of ten; 0 < low.
Axis logarithmic_axis(double low, double high);

/// From exactly `low` to exactly `high`, with ticks in between: epochs, seconds, bytes along the bottom.
Axis bottom_axis(Unit unit, double low, double high);

}  // namespace tersegraph
