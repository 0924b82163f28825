#include "comm/control_links.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <sstream>

#include "base/timer.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr double kPatience = 10;          // seconds, for all connections
constexpr int kPatienceOfOneStep = 2000;  // milliseconds, for a connection or an answer
const char* const kLoopback = "127.0.0.1";

/// The first words on a connection: something else may listen on, or call, the same port. Rank 0 answers the same.
struct Hello {
  std::array<uint32_t, 4> token{};
  int32_t rank = 0;
};

/// How rank 0 can be called.
struct Announcement {
  std::string host;
  Hello hello;
  int port = 0;
  std::vector<std::string> addresses;

  std::string text() const {
    const auto& t = hello.token;
    return fmt::format("{} {} {} {} {} {} {}", host, t[0], t[1], t[2], t[3], port, fmt::join(addresses, " "));
  }
  static Announcement parse(const std::string& text) {
    Announcement result;
    std::istringstream words(text);
    words >> result.host;
    for (uint32_t& part : result.hello.token) words >> part;
    words >> result.port;
    for (std::string address; words >> address;) result.addresses.push_back(address);
    return result;
  }
};

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

/// Those by which other hosts may reach this one.
std::vector<std::string> own_addresses() {
  std::vector<std::string> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_LOOPBACK) != 0 || (each->ifa_flags & IFF_UP) == 0) continue;
    const int family = each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::array<char, NI_MAXHOST> text{};
    const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (getnameinfo(each->ifa_addr, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    // A link-local address means nothing on another host.
    if (std::string_view(text.data()).find('%') == std::string_view::npos) found.emplace_back(text.data());
  }
  freeifaddrs(list);
  return found;
}

bool ready(int socket, short events) {
  pollfd watched{socket, events, 0};
  return poll(&watched, 1, kPatienceOfOneStep) == 1;
}

bool send_hello(int socket, const Hello& hello) {
  return send(socket, &hello, sizeof hello, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof hello);
}

bool receive_hello(int socket, Hello& hello) {
  size_t have = 0;
  while (have < sizeof hello) {
    if (!ready(socket, POLLIN)) return false;
    const ssize_t came = recv(socket, reinterpret_cast<char*>(&hello) + have, sizeof hello - have, 0);
    if (came <= 0) return false;
    have += static_cast<size_t>(came);
  }
  return true;
}

void send_at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// A listening socket, or -1. On one host nobody from outside can call it.
int listen_for(int ranks, bool one_host) {
  sockaddr_in6 any6{};
  any6.sin6_family = AF_INET6;
  any6.sin6_addr = in6addr_any;
  sockaddr_in any4{};
  any4.sin_family = AF_INET;
  any4.sin_addr.s_addr = htonl(one_host ? INADDR_LOOPBACK : INADDR_ANY);
  for (const int family : {AF_INET6, AF_INET}) {
    if (one_host && family == AF_INET6) continue;
    const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) continue;
    const int off = 0;
    if (family == AF_INET6) setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    const auto* const address =
        family == AF_INET6 ? reinterpret_cast<const sockaddr*>(&any6) : reinterpret_cast<const sockaddr*>(&any4);
    const socklen_t length = family == AF_INET6 ? sizeof any6 : sizeof any4;
    if (bind(listener, address, length) == 0 && listen(listener, ranks) == 0) return listener;
    close(listener);
  }
  return -1;
}

int port_of(int listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (listener < 0 || getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

/// Rank 0 takes the calls of the others until all have come.
std::vector<ControlLink> take_calls(int listener, int ranks, const Hello& own) {
  std::vector<ControlLink> links;
  const Timer timer;
  while (listener >= 0 && std::ssize(links) < ranks - 1 && timer.seconds() < kPatience) {
    if (!ready(listener, POLLIN)) continue;
    const int caller = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (caller < 0) continue;
    Hello hello;
    const bool known = receive_hello(caller, hello) && hello.token == own.token && hello.rank > 0 &&
                       hello.rank < ranks && send_hello(caller, own);
    if (!known) {
      close(caller);
      continue;
    }
    // A caller that gave up on one address and came by another: the newer connection holds.
    const auto earlier = std::ranges::find(links, hello.rank, &ControlLink::peer);
    if (earlier != links.end()) close(earlier->socket), links.erase(earlier);
    send_at_once(caller);
    links.push_back({hello.rank, caller});
  }
  return links;
}

/// A socket on which rank 0 has answered, or -1.
int call(const std::string& address, int port, const Hello& own) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* where = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &where) != 0) return -1;
  const int caller = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool answered = false;
  if (caller >= 0) {
    connect(caller, where->ai_addr, where->ai_addrlen);
    Hello answer;
    answered = ready(caller, POLLOUT) && send_hello(caller, own) && receive_hello(caller, answer) &&
               answer.token == own.token && answer.rank == 0;
  }
  freeaddrinfo(where);
  if (answered) return caller;
  if (caller >= 0) close(caller);
  return -1;
}

std::vector<ControlLink> call_rank0(Announcement there, int rank, bool same_host) {
  if (there.port == 0) return {};
  there.hello.rank = rank;
  if (same_host) there.addresses.insert(there.addresses.begin(), kLoopback);
  const Timer timer;
  for (const std::string& address : there.addresses) {
    if (timer.seconds() > kPatience) break;
    const int socket = call(address, there.port, there.hello);
    if (socket < 0) continue;
    send_at_once(socket);
    return {{0, socket}};
  }
  return {};
}

void warn_of_missing(const std::vector<ControlLink>& links, int ranks) {
  std::vector<int> missing;
  for (int rank = 1; rank < ranks; ++rank) {
    if (std::ranges::find(links, rank, &ControlLink::peer) == links.end()) missing.push_back(rank);
  }
  if (missing.empty()) return;
  fmt::print(
      stderr,
      "tersegraph: warning: rank 0 has no control connection with rank {}: where that is lost, the others notice "
      "only after --timeout; let the hosts connect to each other by TCP\n",
      fmt::join(missing, ", "));
}

}  // namespace

ControlLinks connect_control(Communicator& communicator) {
  const int rank = communicator.rank(), ranks = communicator.size();
  const std::vector<int>& host_of = communicator.host_of();
  const bool one_host = std::ranges::all_of(host_of, [](int host) { return host == 0; });
  Announcement own{host_name(), {}, 0, {}};
  int listener = -1;
  if (rank == 0) {
    std::random_device random;
    for (uint32_t& part : own.hello.token) part = random();
    listener = listen_for(ranks, one_host);
    own.port = port_of(listener);
    if (!one_host) own.addresses = own_addresses();
  }
  Channel channel(communicator);
  const std::string text = own.text();
  const auto all = all_gather(channel, Traffic::setup, std::as_bytes(std::span(text)));
  ControlLinks result;
  std::vector<Announcement> told;
  for (const auto& bytes : all) {
    told.push_back(Announcement::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    result.hosts.push_back(told.back().host);
  }
  if (rank == 0) {
    result.links = take_calls(listener, ranks, own.hello);
    if (listener >= 0) close(listener);
    warn_of_missing(result.links, ranks);
  } else {
    result.links = call_rank0(told.front(), rank, host_of[rank] == host_of[0]);
  }
  return result;
}

}  // namespace tersegraph
