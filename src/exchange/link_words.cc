#include "exchange/link_words.h"

#include <charconv>
#include <vector>

#include "base/error.h"

namespace tersegraph {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
}

/// Takes a number below `hosts` and `mark` from the front of `text`.
int take_host(std::string_view& text, char mark, int hosts, std::string_view entry) {
  int host = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), host);
  const auto length = static_cast<size_t>(rest - text.data());
  if (error != std::errc() || length >= text.size() || text[length] != mark) {
    fail_input("--link: '{}' is no pair of hosts; write 0>1 1gbit,50us", entry);
  }
  if (host < 0 || host >= hosts) fail_input("--link: '{}': hosts are numbered from 0 to {}", entry, hosts - 1);
  text.remove_prefix(length + 1);
  return host;
}

}  // namespace

LinkModel parse_links(std::string_view words, int hosts) {
  if (words.find('>') == std::string_view::npos) return LinkModel::uniform(hosts, parse_link(trim(words)));
  LinkModel links(hosts);
  std::vector<bool> given(static_cast<size_t>(hosts) * hosts, false);
  for (;;) {
    const size_t end = words.find(';');
    const std::string_view entry = trim(words.substr(0, end));
    std::string_view rest = entry;
    const int from = take_host(rest, '>', hosts, entry), to = take_host(rest, ' ', hosts, entry);
    if (from == to) fail_input("--link: '{}' is no pair of hosts", entry);
    links.link(from, to) = parse_link(trim(rest));
    given[static_cast<size_t>(from) * hosts + to] = true;
    if (end == std::string_view::npos) break;
    words.remove_prefix(end + 1);
  }
  for (int from = 0; from < hosts; ++from) {
    for (int to = 0; to < hosts; ++to) {
      if (from != to && !given[static_cast<size_t>(from) * hosts + to]) {
        fail_input("--link lists pairs of hosts, but not {}>{}; there are {} hosts", from, to, hosts);
      }
    }
  }
  return links;
}

std::string print_links(const LinkModel& links) {
  std::string words, first;
  bool same = true;
  for (int from = 0; from < links.hosts(); ++from) {
    for (int to = 0; to < links.hosts(); ++to) {
      if (from == to) continue;
      const std::string link = print_link(links.link(from, to));
      if (first.empty()) first = link;
      same = same && link == first;
      words += fmt::format("{}{}>{} {}", words.empty() ? "" : "; ", from, to, link);
    }
  }
  if (words.empty()) return "free";
  return same ? first : words;
}

}  // namespace tersegraph
