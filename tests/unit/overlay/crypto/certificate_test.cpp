#include "overlay/crypto/certificate.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "overlay/base/hex.h"

namespace crypto {
namespace {

using namespace std::chrono_literals;

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

X509Ptr parse(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

CertificateRequest request() {
  CertificateRequest wanted;
  wanted.dns_names = {"coordinator.example"};
  wanted.addresses = {base::Address::v4(0xc0000201), base::Address::parse("fd00::1").value()};
  wanted.now = base::WallTime{1'700'000'000'000};
  wanted.validity = 24h * 3650;
  return wanted;
}

TEST(CertificateTest, IsSignedByItsOwnP256Key) {
  const Certificate made = make_certificate(request()).value();
  const X509Ptr certificate = parse(made.cert_pem);

  ASSERT_NE(certificate, nullptr);
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  EXPECT_EQ(X509_verify(certificate.get(), key), 1);
  char group[32] = {};
  EXPECT_EQ(EVP_PKEY_get_group_name(key, group, sizeof group, nullptr), 1);
  EXPECT_STREQ(group, "prime256v1");
  EXPECT_EQ(made.key_pem.find("-----BEGIN PRIVATE KEY-----"), 0U);
}

TEST(CertificateTest, NamesWhatItWasMadeFor) {
  const X509Ptr certificate = parse(make_certificate(request()).value().cert_pem);

  EXPECT_EQ(X509_check_host(certificate.get(), "coordinator.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "fd00::1", 0), 1);
  EXPECT_NE(X509_check_ip_asc(certificate.get(), "192.0.2.2", 0), 1);
}

TEST(CertificateTest, IsValidFromADayBeforeUntilAskedFor) {
  const X509Ptr certificate = parse(make_certificate(request()).value().cert_pem);
  std::time_t before = 1'700'000'000 - 86'400 - 1;
  std::time_t after = 1'700'000'000 + std::time_t{86'400} * 3650 + 1;

  EXPECT_GT(X509_cmp_time(X509_get0_notBefore(certificate.get()), &before), 0);
  EXPECT_LT(X509_cmp_time(X509_get0_notAfter(certificate.get()), &after), 0);
}

TEST(CertificateTest, TwoDifferInKeyAndSerial) {
  const Certificate first = make_certificate(request()).value();
  const Certificate second = make_certificate(request()).value();

  EXPECT_NE(spki_pin(first.cert_pem).value(), spki_pin(second.cert_pem).value());
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(parse(first.cert_pem).get()),
                             X509_get0_serialNumber(parse(second.cert_pem).get())),
            0);
}

TEST(CertificateTest, ANameThatIsExtensionSyntaxIsRefused) {
  CertificateRequest wanted = request();
  wanted.dns_names = {"a,DNS:b"};

  const auto made = make_certificate(wanted);

  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().text(), "certificate: \"a,DNS:b\", expected a DNS name");
}

TEST(CertificateTest, AnEmptyCommonNameIsRefused) {
  CertificateRequest wanted = request();
  wanted.common_name = "";

  EXPECT_EQ(make_certificate(wanted).error().text(),
            "certificate: common name: 0 bytes, expected 1..64");
}

// Made with `openssl req -x509`; the pin with `openssl x509 -pubkey | openssl pkey -pubin -outform
// der | openssl dgst -sha256`, the way curl's manual gives.
constexpr std::string_view kPem = R"(-----BEGIN CERTIFICATE-----
MIIBcjCCARmgAwIBAgIUKVCReJ5hGD1fh3m5LZqsZkAMHwswCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjMwNTI1NTlaFw0zNjExMjAwNTI1NTla
MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARNAnxy
LLn4FKImqZGPaonISorq2WK+4Z0hnTK2Gein0a2wkxQnYavRy67cmWchJfqxyWq9
2a1n0XgvDxm3mZ8Zo1MwUTAdBgNVHQ4EFgQUQ+0W3PT9uzQA2pnDxwJEJ9ui22cw
HwYDVR0jBBgwFoAUQ+0W3PT9uzQA2pnDxwJEJ9ui22cwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNHADBEAiAXa0sPiDu9xDZqqIGosXVIpfa3bZ5sie0otPPD
qkyDZgIgIbUaQoPlZFCvJNllUpCzm3oVKDc23sD7W5GMyWZ0PyA=
-----END CERTIFICATE-----
)";

TEST(SpkiPinTest, IsWhatCurlCompares) {
  const auto pin = spki_pin(kPem);

  ASSERT_TRUE(pin.ok());
  EXPECT_EQ(curl_pin(pin.value()), "sha256//FEN9kENeiqU6j2XHp0IHBj0jsNV5cRBrZj5EYFTYSxk=");
}

TEST(SpkiPinTest, WhatIsNoCertificateIsRefused) {
  EXPECT_EQ(spki_pin("nothing").error().text(), "certificate: no PEM certificate found");
  EXPECT_EQ(spki_pin(std::string(70'000, '-')).error().text(),
            "certificate: 70000 bytes, at most 65536");
}

}  // namespace
}  // namespace crypto
