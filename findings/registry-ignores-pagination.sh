#!/usr/bin/env bash
# The registry server 2.8.2 ignores n and last when it lists tags, and does not sort them.
#
# The distribution specification has both for reading a long list page by page. This version
# answers every request with the whole list and no Link header, so a client that asks for what
# follows the last tag it has seen never comes to an end. dockmgr goes on to a further page only
# where a Link header names it, and sorts the tags itself.
# Needs Debian 12 and curl; the server listens on the loopback and ends with the script.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq docker-registry=2.8.2+ds1-1 2>/dev/null
dpkg-deb --extract docker-registry_*.deb root
./root/usr/bin/docker-registry --version

cat > config.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/data}}
http: {addr: 127.0.0.1:5987}
END
./root/usr/bin/docker-registry serve config.yml 2>log >&2 &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
app=http://127.0.0.1:5987/v2/app
curl -fs --retry 20 --retry-connrefused --retry-delay 1 -o version http://127.0.0.1:5987/v2/

# An image without layers under three tags: its configuration, then the manifests.
printf '{}' > configuration
digest=sha256:$(sha256sum configuration | cut -d ' ' -f 1)
upload=$(curl -fsi -X POST $app/blobs/uploads/ | tr -d '\r' | sed -n 's/^Location: //Ip')
curl -fs -X PUT --data-binary @configuration -H 'Content-Type: application/octet-stream' \
    "$upload&digest=$digest"
kind=application/vnd.docker.distribution.manifest.v2+json
manifest='{"schemaVersion":2,"mediaType":"'$kind'","layers":[],"config":{"size":2,"digest":"'$digest'",'
manifest+='"mediaType":"application/vnd.docker.container.image.v1+json"}}'
for tag in 1 2 3; do
    curl -fs -X PUT -H "Content-Type: $kind" --data "$manifest" "$app/manifests/$tag"
done

all=$(curl -fs "$app/tags/list")
page=$(curl -fsi "$app/tags/list?n=1&last=2")
echo "tags/list:             $all"
echo "tags/list?n=1&last=2:  $(tail -n 1 <<< "$page")"
grep -qi '^link:' <<< "$page" && exit 1
[ "$(tail -n 1 <<< "$page")" = "$all" ]
