// One pipelined connection to a Redis server on the loop, through hiredis.
//
// It connects by itself, reconnects with backoff for as long as it lives, and says so:
//
//              connected, authenticated
//   Connecting --------------------------> Ready
//       ^                                    |
//       |  after a backoff                   | broken, or a command's deadline passed
//       +------------- Waiting <-------------+
//
// Replies come in the order of the commands. A command that was sent and not answered when the
// connection breaks ends with Unavailable and the words "outcome unknown": it may have been carried
// out. One that was refused before it was sent ends with Unavailable or LimitExceeded and was not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace loop {

struct RedisReply {
  enum class Kind { Nil, Integer, Text, Status, Error, Array };

  Kind kind = Kind::Nil;
  std::int64_t integer = 0;
  std::string text;  // of Text, Status ("OK") and Error ("NOSCRIPT No matching script."): any bytes
  std::vector<RedisReply> items;

  bool is_nil() const { return kind == Kind::Nil; }
  bool is_error() const { return kind == Kind::Error; }
};

class RedisCore;

class Redis {
 public:
  static constexpr std::size_t kInFlightMax = 1024;             // commands
  static constexpr std::size_t kInFlightBytesMax = 256U << 20;  // of their arguments

  enum class State { Connecting, Ready, Waiting };

  // A server on a unix socket, or at a host and port, or the master that Sentinels name.
  struct Options {
    std::string unix_path;
    std::string host;  // name or address
    std::uint16_t port = 6379;
    struct Sentinel {
      std::string host;
      std::uint16_t port = 26379;
    };
    std::vector<Sentinel> sentinels;  // tried in turn; not empty: `host` and `port` are not used
    std::string sentinel_master;      // the name that the Sentinels know the master by
    std::string password;             // sent as AUTH when not empty; never in an error text

    base::Duration connect_timeout = std::chrono::seconds(5);
    base::Duration command_timeout = std::chrono::seconds(10);
    base::Duration reconnect_first = std::chrono::milliseconds(50);
    base::Duration reconnect_max = std::chrono::seconds(5);
  };

  // Starts connecting at once. Keeps references to `loop` and `random`, which must outlive this.
  // `on_state` (may be empty) runs from the loop on each change; on Waiting, why() says what broke.
  Redis(Loop& loop, Options options, base::RandomSource& random,
        std::function<void(State)> on_state);
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;
  // Commands in flight end without their callbacks. May be destroyed from any of its callbacks.
  ~Redis();

  // Sends one command, e.g. {"XADD", ...}; arguments may hold any bytes. `done` runs once, from the
  // loop, never from inside this call. An error reply of the server is a RedisReply, not an error.
  //
  // Errors: Unavailable when not Ready, when the connection breaks or the deadline passes (which
  // also breaks the connection, because later replies could no longer be told apart); LimitExceeded
  // above kInFlightMax or kInFlightBytesMax.
  void command(const std::vector<std::string>& arguments,
               std::function<void(base::Result<RedisReply>)> done);
  // The same with a deadline of its own (blocking commands).
  void command(const std::vector<std::string>& arguments, base::Duration timeout,
               std::function<void(base::Result<RedisReply>)> done);

  State state() const;
  std::size_t in_flight() const;
  // Why the latest connection ended or could not be made; ok before the first failure.
  base::Status why() const;

 private:
  // Owned here; hiredis's callback frames keep a second reference while they run.
  std::shared_ptr<RedisCore> core_;
};

}  // namespace loop
