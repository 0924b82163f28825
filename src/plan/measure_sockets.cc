#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/timer.h"
#include "plan/calibrate.h"

namespace tersegraph {
namespace {

/// A connection of this machine with itself.
struct Connection {
  int near = -1, far = -1;

  Connection() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener >= 0 && bind(listener, any, length) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, any, &length) == 0) {
      near = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(near, any, length) == 0) far = accept(listener, nullptr, nullptr);
    }
    if (listener >= 0) close(listener);
    if (far < 0) fail_run("a socket of this machine with itself could not be opened");
    const int on = 1;
    for (const int end : {near, far}) setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() {
    close(near);
    close(far);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
};

void put(int socket, const std::vector<char>& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t sent = send(socket, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) fail_run("a socket of this machine with itself broke");
    done += static_cast<size_t>(sent);
  }
}

void take(int socket, std::vector<char>& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t came = recv(socket, bytes.data() + done, bytes.size() - done, 0);
    if (came <= 0) fail_run("a socket of this machine with itself broke");
    done += static_cast<size_t>(came);
  }
}

double process_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

SocketRates measure_sockets() {
  constexpr size_t kBytes = size_t{1} << 20;
  constexpr int kRounds = 64, kPings = 200, kTries = 3;
  SocketRates rates{1e9, 1e9};
  const Connection connection;
  std::vector<char> out(kBytes), in(kBytes);
  for (int i = 0; i < kTries; ++i) {
    const double before = process_seconds();
    std::jthread receiver([&] {
      for (int k = 0; k < kRounds; ++k) take(connection.far, in);
    });
    for (int k = 0; k < kRounds; ++k) put(connection.near, out);
    receiver.join();
    rates.byte = std::min(rates.byte, (process_seconds() - before) / 2 / static_cast<double>(kRounds * kBytes));
  }
  std::vector<char> ping(8), pong(8);
  for (int i = 0; i < kTries; ++i) {
    std::jthread receiver([&] {
      for (int k = 0; k < kPings; ++k) {
        take(connection.far, pong);
        put(connection.far, pong);
      }
    });
    const Timer timer;
    for (int k = 0; k < kPings; ++k) {
      put(connection.near, ping);
      take(connection.near, ping);
    }
    rates.message = std::min(rates.message, timer.seconds() / (2 * kPings));
    receiver.join();
  }
  return rates;
}

}  // namespace tersegraph
