// A content digest as OCI writes it: "sha256:<64 hex digits>" (image-spec, descriptor.md).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace mirror {

// A value: text that is known to be a digest. Any registered or unregistered algorithm parses, so
// that an unknown one is refused by policy and not by a crash; only sha256 can be verified here.
// Its characters are safe in file names and URLs: no '/', no '.', no '%'.
class Digest {
 public:
  static constexpr std::size_t kTextBytesMax = 200;

  Digest() = default;  // empty text; only to be assigned to

  // Errors: Malformed, with the text shortened if it is long. Upper-case hex is refused: the same
  // content would have two names.
  static base::Result<Digest> parse(std::string_view text);
  static Digest sha256(std::span<const std::uint8_t, 32> bytes);

  const std::string& text() const { return text_; }
  std::string_view algorithm() const { return std::string_view(text_).substr(0, colon_); }
  // What follows the colon; the hex digits of a sha256.
  std::string_view encoded() const;
  bool is_sha256() const { return algorithm() == "sha256"; }

  friend auto operator<=>(const Digest& a, const Digest& b) { return a.text_ <=> b.text_; }
  friend bool operator==(const Digest& a, const Digest& b) { return a.text_ == b.text_; }

 private:
  std::string text_;
  std::size_t colon_ = 0;
};

}  // namespace mirror
