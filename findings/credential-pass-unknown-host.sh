#!/usr/bin/env bash
# docker-credential-pass 0.6.4 answers `get` of a host it does not know with success.
#
# The protocol of credential helpers has an error for that: "credentials not found in native
# keychain", with exit code 1. This version prints a login with an empty user name and an empty
# secret, and ends with 0. dockmgr takes an empty user name for no login.
# Needs Debian 12 and gpg.
set -euo pipefail
work=$(mktemp -d)
export HOME=$work GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all || true; rm -rf "$work"' EXIT
cd "$work"

apt-get download -qq golang-docker-credential-helpers=0.6.4+ds1-1+b6 pass=1.7.4-6 2>/dev/null
for package in *.deb; do dpkg-deb --extract "$package" root; done
export PATH=$work/root/usr/bin:$PATH
echo "docker-credential-pass $(docker-credential-pass version)"

gpg --batch --quiet --passphrase '' --quick-generate-key someone 2>/dev/null
pass init someone >/dev/null
echo '{"ServerURL":"https://known.example","Username":"me","Secret":"word"}' | docker-credential-pass store

code=0
known=$(echo https://known.example | docker-credential-pass get)
unknown=$(echo https://unknown.example | docker-credential-pass get) || code=$?
echo "a host it knows:     $known"
echo "a host it does not:  $unknown (exit code $code)"

[ "$known" = '{"ServerURL":"https://known.example","Username":"me","Secret":"word"}' ]
[ "$code" = 0 ] && [ "$unknown" = '{"ServerURL":"https://unknown.example","Username":"","Secret":""}' ]
