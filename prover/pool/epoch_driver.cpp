#include "prover/pool/epoch_driver.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"

namespace prover {
namespace {

struct Block {
  std::uint32_t height = 0;
  Bytes32 hash{};
};

base::Result<Bytes32> parse_hash(std::string_view text) {
  if (text.starts_with("ab1")) {
    return parse_block_hash(text);
  }
  const auto bytes = base::hex_decode(text);
  if (!bytes.ok() || bytes.value().size() != Bytes32().size()) {
    return base::Error(base::Errc::Malformed,
                       "block hash of " + std::to_string(text.size()) +
                           " characters, expected ab1... or 64 hex digits in lower case");
  }
  Bytes32 hash{};
  std::ranges::copy(bytes.value(), hash.begin());
  if (const auto status = check_below_r(hash); !status.ok()) {
    return status.error().within("block hash");
  }
  return hash;
}

base::Result<Block> parse_block(std::string_view line) {
  Block block;
  const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), block.height);
  const auto size = static_cast<std::size_t>(end - line.data());
  if (code != std::errc() || size == line.size() || line[size] != ' ') {
    return base::Error(base::Errc::Malformed,
                       "\"" + std::string(line.substr(0, 32)) + "\", expected HEIGHT HASH");
  }
  const auto hash = parse_hash(line.substr(size + 1));
  if (!hash.ok()) {
    return hash.error();
  }
  block.hash = hash.value();
  return block;
}

// The epochs that a block gives a hash to: its successor's, and epoch 0, which needs none.
void add_epochs(const Block& block, std::vector<Epoch>& epochs) {
  if (epochs.empty() && epoch_number(block.height) == 0) {
    epochs.push_back(Epoch());
  }
  if (block.height % kBlocksPerEpoch == kBlocksPerEpoch - 1) {
    epochs.push_back({epoch_number(block.height) + 1, block.hash});
  }
}

}  // namespace

EpochDriver::EpochDriver(Pace pace, std::uint64_t seed, std::uint32_t first,
                         std::vector<Epoch> recorded)
    : pace_(pace), seed_(seed), first_(first), recorded_(std::move(recorded)) {}

EpochDriver EpochDriver::make_chain(std::uint64_t seed, std::uint32_t first, Pace pace) {
  return {pace, seed, first, {}};
}

base::Result<EpochDriver> EpochDriver::replay(std::string_view text, Pace pace) {
  std::vector<Epoch> epochs;
  std::optional<std::uint32_t> previous;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string where = "line " + std::to_string(number);
    if (number > kRecordsMax) {
      return base::Error(base::Errc::LimitExceeded,
                         where + ": expected at most " + std::to_string(kRecordsMax));
    }
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const auto block = parse_block(line);
    if (!block.ok()) {
      return block.error().within(where);
    }
    if (previous && block.value().height <= *previous) {
      return base::Error(base::Errc::Malformed,
                         where + ": height " + std::to_string(block.value().height) + " after " +
                             std::to_string(*previous) + ", expected a higher one");
    }
    previous = block.value().height;
    add_epochs(block.value(), epochs);
  }
  if (epochs.empty()) {
    return base::Error(base::Errc::Malformed,
                       "no epoch: expected a block below 256, or a block 256 e - 1, whose hash "
                       "epoch e needs");
  }
  return EpochDriver(pace, 0, 0, std::move(epochs));
}

Epoch EpochDriver::made(std::uint32_t number) const {
  Epoch epoch{number, {}};
  if (number == 0) {
    return epoch;
  }
  base::ByteWriter input;
  input.raw(base::as_bytes("linkspan chain"));
  input.u64(seed_);
  input.u32(number);
  epoch.block_hash = crypto::sha256(input.bytes());
  epoch.block_hash.back() &= 0x0f;  // below r, whose first byte is 0x12
  return epoch;
}

std::optional<Epoch> EpochDriver::following() const {
  if (recorded_.empty()) {
    return epoch_.number == UINT32_MAX ? std::nullopt : std::optional(made(epoch_.number + 1));
  }
  const auto next = std::ranges::upper_bound(recorded_, epoch_.number, {}, &Epoch::number);
  return next == recorded_.end() ? std::nullopt : std::optional(*next);
}

bool EpochDriver::has(const Epoch& epoch) const {
  return recorded_.empty() ? epoch.number >= first_ && epoch == made(epoch.number)
                           : std::ranges::find(recorded_, epoch) != recorded_.end();
}

void EpochDriver::begin(const std::optional<Living>& living, base::TimePoint now) {
  epoch_ = recorded_.empty() ? made(first_) : recorded_.front();
  started_at_ = now;
  if (living && has(living->epoch)) {
    epoch_ = living->epoch;
    started_at_ = now - std::max(living->age, base::Duration(0));
    shares_ = living->shares;
    handle_time(now);
  }
}

bool EpochDriver::advance(base::TimePoint started_at) {
  const auto next = following();
  if (next) {
    epoch_ = *next;
    started_at_ = started_at;
    shares_ = 0;
  }
  return next.has_value();
}

void EpochDriver::handle_share(base::TimePoint now) {
  ++shares_;
  if (pace_.shares > 0 && shares_ >= pace_.shares) {
    advance(now);
  }
}

void EpochDriver::handle_time(base::TimePoint now) {
  if (pace_.length <= base::Duration(0)) {
    return;
  }
  // A pause of years over epochs of seconds: jumped over, not walked through.
  if (recorded_.empty() && now - started_at_ >= pace_.length) {
    const auto skipped = static_cast<std::uint64_t>((now - started_at_) / pace_.length) - 1;
    const auto left = std::uint64_t{UINT32_MAX} - epoch_.number;
    epoch_ = made(epoch_.number + static_cast<std::uint32_t>(std::min(skipped, left)));
    started_at_ += pace_.length * static_cast<base::Duration::rep>(skipped);
  }
  while (now - started_at_ >= pace_.length && advance(started_at_ + pace_.length)) {
  }
}

std::optional<base::TimePoint> EpochDriver::next_timeout() const {
  if (pace_.length <= base::Duration(0) || !following()) {
    return std::nullopt;
  }
  return started_at_ + pace_.length;
}

}  // namespace prover
