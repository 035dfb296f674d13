// The coordinator's data directory: keys, certificate, first API key, what is remembered of the
// log.
//
//   lock          held while a coordinator runs on it
//   tls.key       PKCS #8, mode 0600      tls.crt   self-signed; its key's pin is in every token
//   signing.key   64 hex digits, 0600: the Ed25519 seed that views are signed with
//   log.key       64 hex digits, 0600: what the event log is sealed with
//   admin.key     one line, 0600: the first API key, lsk.<id>.<secret>.<pin>
//   fingerprint   where the log was, to notice that it lost something
//   redis/        the embedded Redis
//   unfinished    there only while the first keys are made
//
// Coordinators that share one Redis have the same tls.*, signing.key and log.key: copy them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/keys.h"
#include "overlay/crypto/secret.h"
#include "overlay/loop/files.h"

namespace coordinator {

class DataDir {
 public:
  // Opens `path`, making it (0700) and its keys if no coordinator ever ran on it. Blocks on files.
  //
  // Errors, each naming the path: Conflict when another coordinator runs on it; Malformed for a
  // key that is damaged, or missing beside other files above (it is never made anew: nodes know
  // the old one); LimitExceeded when the disk is full; Unavailable otherwise.
  static base::Result<DataDir> open(const std::string& path, base::WallTime now);

  const std::string& path() const { return path_; }
  std::string admin_key_path() const { return path_ + "/admin.key"; }
  std::string redis_path() const { return path_ + "/redis"; }
  std::string fingerprint_path() const { return path_ + "/fingerprint"; }

  const std::string& cert_pem() const { return cert_pem_; }
  const std::string& key_pem() const { return key_pem_; }
  const crypto::Digest256& pin() const { return pin_; }
  const crypto::IdentityKey& signing_key() const { return signing_key_; }
  crypto::Secret<32> log_key() const { return log_key_.copy(); }
  bool is_new() const { return is_new_; }  // it was made just now

  // The first admin's key, made if there is no file: ask only while the log knows no API key, or
  // the file holds a key that is none. Errors as open().
  struct AdminKey {
    std::uint64_t id = 0;
    crypto::Digest256 secret_hash{};
  };
  base::Result<AdminKey> admin_key();

 private:
  DataDir(std::string path, loop::FileLock lock, crypto::IdentityKey signing_key)
      : path_(std::move(path)), lock_(std::move(lock)), signing_key_(std::move(signing_key)) {}

  std::string path_;
  loop::FileLock lock_;
  crypto::IdentityKey signing_key_;
  crypto::Secret<32> log_key_;
  std::string cert_pem_;
  std::string key_pem_;
  crypto::Digest256 pin_{};
  bool is_new_ = false;
};

}  // namespace coordinator
