#include "overlay/crypto/certificate.h"

#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "overlay/base/hex.h"
#include "overlay/crypto/random.h"

namespace crypto {
namespace {

constexpr std::size_t kNameBytesMax = 64;      // X.520 ub-common-name
constexpr std::size_t kDnsNameBytesMax = 253;  // RFC 1035
constexpr std::int64_t kDaySeconds = 86400;

// One deleter for what OpenSSL gives.
struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(std::uint8_t* bytes) const { OPENSSL_free(bytes); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// Names go into OpenSSL's comma-separated extension language, so nothing that it reads as syntax.
bool is_dns_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return !name.empty() && name.size() <= kDnsNameBytesMax &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// 127 random bits, so that two certificates of one coordinator never share issuer and serial, which
// some clients refuse.
bool set_serial(X509* certificate) {
  std::array<std::uint8_t, 16> bytes{};
  SystemRandom().fill(bytes);
  bytes[0] &= 0x7fU;
  const Owned<BIGNUM> serial(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return serial != nullptr &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, const CertificateRequest& request) {
  std::time_t now = request.now.unix_ms / 1000;
  const std::int64_t validity_s =
      std::chrono::duration_cast<std::chrono::seconds>(request.validity).count();
  return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -kDaySeconds, &now) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(certificate),
                          static_cast<int>(validity_s / kDaySeconds),
                          static_cast<long>(validity_s % kDaySeconds), &now) != nullptr;
}

bool set_subject(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

std::string alternative_names(const CertificateRequest& request) {
  std::string names;
  for (const std::string& name : request.dns_names) {
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const base::Address& address : request.addresses) {
    names += (names.empty() ? "IP:" : ",IP:") + address.text();
  }
  return names;
}

base::Error malformed(const std::string& text) {
  return base::Error(base::Errc::Malformed, "certificate: " + text);
}

base::Status check_request(const CertificateRequest& request) {
  if (request.common_name.empty() || request.common_name.size() > kNameBytesMax) {
    return malformed("common name: " + std::to_string(request.common_name.size()) +
                     " bytes, expected 1..64");
  }
  for (const std::string& name : request.dns_names) {
    if (!is_dns_name(name)) {
      return malformed("\"" + name.substr(0, kDnsNameBytesMax) + "\", expected a DNS name");
    }
  }
  return {};
}

}  // namespace

base::Result<Certificate> make_certificate(const CertificateRequest& request) {
  if (const auto status = check_request(request); !status.ok()) {
    return status.error();
  }
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509> certificate(X509_new());
  CHECK(key != nullptr && certificate != nullptr);
  CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()));
  CHECK(set_validity(certificate.get(), request));
  CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1);
  if (!set_subject(certificate.get(), request.common_name)) {
    return malformed("common name: not UTF-8");
  }
  CHECK(add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE"));
  CHECK(add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature"));
  CHECK(add_extension(certificate.get(), NID_ext_key_usage, "serverAuth"));
  const std::string names = alternative_names(request);
  if (!names.empty() && !add_extension(certificate.get(), NID_subject_alt_name, names)) {
    return malformed("names: " + names);
  }
  CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  const Owned<BIO> key_pem(BIO_new(BIO_s_secmem()));  // wiped when freed
  const Owned<BIO> cert_pem(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1);
  CHECK(PEM_write_bio_X509(cert_pem.get(), certificate.get()) == 1);
  return Certificate{.key_pem = text_of(key_pem.get()), .cert_pem = text_of(cert_pem.get())};
}

base::Result<Digest256> spki_pin(std::string_view cert_pem) {
  constexpr std::size_t kPemBytesMax = 64U * 1024;
  if (cert_pem.size() > kPemBytesMax) {
    return malformed(std::to_string(cert_pem.size()) + " bytes, at most 65536");
  }
  const Owned<BIO> bio(BIO_new_mem_buf(cert_pem.data(), static_cast<int>(cert_pem.size())));
  CHECK(bio != nullptr);
  const Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return malformed("no PEM certificate found");
  }
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  const Owned<std::uint8_t> owned(der);
  if (size <= 0) {
    return malformed("no public key in it");
  }
  return sha256({der, static_cast<std::size_t>(size)});
}

std::string curl_pin(const Digest256& pin) {
  return "sha256//" + base::base64_encode(pin);
}

}  // namespace crypto
