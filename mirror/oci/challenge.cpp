#include "mirror/oci/challenge.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace mirror {
namespace {

// tchar of RFC 9110, 5.6.2.
bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  std::size_t offset() const { return at_; }

  void skip(std::string_view chars) {
    while (!at_end() && chars.find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }
  std::string_view token() {
    const std::size_t begin = at_;
    while (!at_end() && is_token_char(text_[at_])) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }
  // A token or a quoted string; empty optional if neither is complete.
  std::optional<std::string> value() {
    if (!take('"')) {
      const std::string_view word = token();
      return word.empty() ? std::nullopt : std::optional<std::string>(word);
    }
    std::string out;
    while (!at_end()) {
      char c = text_[at_++];
      if (c == '"') {
        return out;
      }
      if (c == '\\') {
        if (at_end()) {
          return std::nullopt;
        }
        c = text_[at_++];
      }
      out += c;
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

base::Error malformed(const Scanner& scanner, std::string_view expected) {
  return {base::Errc::Malformed, "challenge: offset " + std::to_string(scanner.offset()) +
                                     ", expected " + std::string(expected)};
}

// A word is a parameter's name if '=' follows, and else the scheme of the next challenge.
base::Status read_word(Scanner& scanner, std::vector<Challenge>& out) {
  const std::string word = lower(scanner.token());
  if (word.empty()) {
    return malformed(scanner, "a scheme or a parameter");
  }
  scanner.skip(" \t");
  if (!scanner.take('=')) {
    if (out.size() == kChallengesMax) {
      return base::Error(base::Errc::LimitExceeded, "challenge: more than 8 challenges");
    }
    out.push_back(Challenge{word, {}});
    return {};
  }
  scanner.skip(" \t");
  auto value = scanner.value();
  if (out.empty() || !value) {
    return malformed(scanner, out.empty() ? "a scheme before parameters" : "a value");
  }
  auto& parameters = out.back().parameters;
  if (parameters.size() == kChallengeParametersMax) {
    return base::Error(base::Errc::LimitExceeded, "challenge: more than 16 parameters");
  }
  parameters.emplace(word, *std::move(value));  // the first of a repeated name stands
  return {};
}

}  // namespace

base::Result<std::vector<Challenge>> parse_challenges(std::string_view header) {
  if (header.size() > kChallengeBytesMax) {
    return base::Error(base::Errc::LimitExceeded, "challenge: " + std::to_string(header.size()) +
                                                      " bytes, expected at most 8192");
  }
  std::vector<Challenge> out;
  Scanner scanner(header);
  scanner.skip(" \t,");
  while (!scanner.at_end()) {
    if (auto status = read_word(scanner, out); !status.ok()) {
      return status.error();
    }
    scanner.skip(" \t,");
  }
  if (out.empty()) {
    return malformed(scanner, "a scheme");
  }
  return out;
}

}  // namespace mirror
