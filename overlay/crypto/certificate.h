// The coordinator's TLS certificate: self-signed, trusted by its pin and by nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/digest.h"

namespace crypto {

struct Certificate {
  std::string key_pem{};  // PKCS #8, unencrypted: secret, file mode 0600
  std::string cert_pem{};
};

struct CertificateRequest {
  std::string common_name = "linkspan-coordinator";
  std::vector<std::string> dns_names{};
  std::vector<base::Address> addresses{};
  base::WallTime now{};       // valid from a day before, for clocks that are behind
  base::Duration validity{};  // whole seconds, counted from now
};

// A fresh ECDSA P-256 key and a certificate that it signs itself.
// Errors: Malformed for a name that does not fit a certificate.
base::Result<Certificate> make_certificate(const CertificateRequest& request);

// SHA-256 of the DER SubjectPublicKeyInfo: what curl's --pinnedpubkey compares, what tokens carry.
// It stays when the certificate is renewed with the same key.
// Errors: Malformed when `cert_pem` holds no certificate.
base::Result<Digest256> spki_pin(std::string_view cert_pem);

// "sha256//" and base64, as curl takes it.
std::string curl_pin(const Digest256& pin);

}  // namespace crypto
