// The project's one error type and the one way to return it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "overlay/base/check.h"

namespace base {

// What a caller may branch on. What a person needs to know is in Error::text().
enum class Errc {
  Malformed,        // can never be valid: drop it, do not retry
  Truncated,        // a prefix of something valid: wait for more bytes
  Unauthenticated,  // a MAC, signature or key did not verify
  NotFound,
  Conflict,       // the state does not allow it: exists already, in use, changed meanwhile
  LimitExceeded,  // a bound of ours, named in the text
  Unavailable,    // may work later: retry with backoff
  Device,         // the GPU or its driver failed
};

class Error {
 public:
  Error(Errc code, std::string text) : code_(code), text_(std::move(text)) {}

  Errc code() const { return code_; }
  const std::string& text() const { return text_; }

  // Says where, in front of what: "peer 7: hello: offset 4: version 9, expected 1".
  [[nodiscard]] Error within(std::string_view where) const {
    return Error(code_, std::string(where) + ": " + text_);
  }

 private:
  Errc code_;
  std::string text_;
};

// A T, or why there is none. Reading the side that is not there is a bug and aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const Error& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  const Error& error() const {
    CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace base
