#include "coordinator/server/data_dir.h"

#include <algorithm>
#include <array>
#include <utility>

#include "overlay/base/hex.h"
#include "overlay/crypto/certificate.h"
#include "overlay/model/token.h"

namespace coordinator {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 10U;
constexpr mode_t kSecretMode = 0600;
constexpr mode_t kPublicMode = 0644;
// Clients trust the pin and never look at the dates; this is for tools that do.
constexpr base::Duration kCertificateValidity = std::chrono::hours(24 * 365 * 20);
constexpr std::array<const char*, 4> kKeyFiles = {"signing.key", "log.key", "tls.key", "tls.crt"};
// What else only a coordinator that has run leaves behind.
constexpr std::array<const char*, 2> kTraces = {"fingerprint", "redis"};
// Is there while the first keys are made, so that a start that was cut short can be repeated.
constexpr const char* kUnfinished = "unfinished";

// Whether the keys are to be made: only where there was no coordinator yet. Nodes trust the keys
// that they joined with, so a directory restored in part must not get new ones.
base::Result<bool> is_without_keys(const std::string& directory) {
  if (loop::path_exists(directory + "/" + kUnfinished)) {
    return true;
  }
  const auto is_there = [&](const char* name) { return loop::path_exists(directory + "/" + name); };
  const auto* const missing = std::ranges::find_if_not(kKeyFiles, is_there);
  if (missing == kKeyFiles.end()) {
    return false;
  }
  const auto* const key = std::ranges::find_if(kKeyFiles, is_there);
  const auto* const trace = std::ranges::find_if(kTraces, is_there);
  if (key == kKeyFiles.end() && trace == kTraces.end()) {
    return true;
  }
  return base::Error(base::Errc::Malformed,
                     directory + "/" + *missing + " is missing although " + directory + " holds " +
                         (key != kKeyFiles.end() ? *key : *trace) + "; restore it from the backup");
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

// The 32 bytes in the file, or fresh ones that are now in it.
base::Result<crypto::Secret<32>> load_secret(const std::string& path, bool may_make) {
  const auto text = loop::read_file(path, kFileBytesMax);
  if (text.ok()) {
    auto decoded = base::hex_decode(trimmed(text.value()));
    std::vector<std::uint8_t> bytes;
    if (decoded.ok()) {
      bytes = std::move(decoded).value();
    }
    if (bytes.size() != 32) {
      return base::Error(base::Errc::Malformed, path + ": expected 64 lower-case hex digits");
    }
    crypto::Secret<32> secret{std::span<const std::uint8_t>(bytes)};
    crypto::wipe(bytes);
    return secret;
  }
  if (text.error().code() != base::Errc::NotFound || !may_make) {
    return text.error();
  }
  auto secret = crypto::Secret<32>::random();
  if (auto status =
          loop::write_file_atomic(path, base::hex_encode(secret.bytes()) + "\n", kSecretMode);
      !status.ok()) {
    return status.error();
  }
  return secret;
}

struct Tls {
  std::string cert_pem;
  std::string key_pem;
  crypto::Digest256 pin{};
};

base::Result<Tls> load_certificate(const std::string& directory, base::WallTime now,
                                   bool may_make) {
  const std::string key_path = directory + "/tls.key";
  const std::string cert_path = directory + "/tls.crt";
  auto key = loop::read_file(key_path, kFileBytesMax);
  auto cert = loop::read_file(cert_path, kFileBytesMax);
  if (!key.ok() && key.error().code() == base::Errc::NotFound && may_make) {
    auto made = crypto::make_certificate({.common_name = "linkspan-coordinator",
                                          .dns_names = {"linkspan-coordinator"},
                                          .addresses = {},
                                          .now = now,
                                          .validity = kCertificateValidity});
    if (!made.ok()) {
      return made.error();
    }
    // The key last: a crash between the two leaves a certificate without a key, which is made anew.
    if (auto status = loop::write_file_atomic(cert_path, made.value().cert_pem, kPublicMode);
        !status.ok()) {
      return status.error();
    }
    if (auto status = loop::write_file_atomic(key_path, made.value().key_pem, kSecretMode);
        !status.ok()) {
      return status.error();
    }
    key = made.value().key_pem;
    cert = made.value().cert_pem;
  }
  if (!key.ok()) {
    return key.error();
  }
  if (!cert.ok()) {
    return cert.error();
  }
  const auto pin = crypto::spki_pin(cert.value());
  if (!pin.ok()) {
    return pin.error().within(cert_path);
  }
  return Tls{.cert_pem = cert.value(), .key_pem = key.value(), .pin = pin.value()};
}

}  // namespace

base::Result<DataDir> DataDir::open(const std::string& path, base::WallTime now) {
  if (auto status = loop::make_directories(path, 0700); !status.ok()) {
    return status.error();
  }
  auto lock = loop::FileLock::take(path + "/lock", kSecretMode);
  if (!lock.ok()) {
    return lock.error().within("another coordinator runs on this data directory");
  }
  const auto is_new = is_without_keys(path);
  if (!is_new.ok()) {
    return is_new.error();
  }
  const std::string unfinished = path + "/" + kUnfinished;
  if (is_new.value()) {
    if (auto status = loop::write_file_atomic(unfinished, "", kSecretMode); !status.ok()) {
      return status.error();
    }
  }
  auto seed = load_secret(path + "/signing.key", is_new.value());
  if (!seed.ok()) {
    return seed.error();
  }
  DataDir dir(path, std::move(lock).value(), crypto::IdentityKey::from_seed(seed.value()));
  auto log_key = load_secret(path + "/log.key", is_new.value());
  if (!log_key.ok()) {
    return log_key.error();
  }
  dir.log_key_ = std::move(log_key).value();
  auto tls = load_certificate(path, now, is_new.value());
  if (!tls.ok()) {
    return tls.error();
  }
  dir.cert_pem_ = tls.value().cert_pem;
  dir.key_pem_ = tls.value().key_pem;
  dir.pin_ = tls.value().pin;
  dir.is_new_ = is_new.value();
  if (auto status = loop::remove_file(unfinished); !status.ok()) {
    return status.error();
  }
  return dir;
}

base::Result<DataDir::AdminKey> DataDir::admin_key() {
  const std::string path = admin_key_path();
  const auto text = loop::read_file(path, kFileBytesMax);
  if (text.ok()) {
    const auto key = model::ApiKey::parse(trimmed(text.value()));
    if (!key.ok()) {
      return key.error().within(path);
    }
    return AdminKey{.id = key.value().id.value,
                    .secret_hash = model::api_key_hash(key.value().secret)};
  }
  if (text.error().code() != base::Errc::NotFound) {
    return text.error();
  }
  crypto::SystemRandom random;
  const model::ApiKey key{.id = {1 + random.below(UINT64_MAX - 1)},
                          .secret = crypto::Secret<32>::random(),
                          .pin = pin_};
  if (auto status = loop::write_file_atomic(path, key.text() + "\n", kSecretMode); !status.ok()) {
    return status.error();
  }
  return AdminKey{.id = key.id.value, .secret_hash = model::api_key_hash(key.secret)};
}

}  // namespace coordinator
