# The first process of a lab: builds its world from the inside, then becomes its supervisor.
#
# Started by `unshare` in mount, network, process, ipc and host name namespaces of its own.
# Nothing done here is seen outside, and all of it ends with this process.
#
# Arguments: the lab's folder, its root file system, its host name, its own address on the link,
# and then the folders of the host that it sees at the same path.
set -eu
folder=$1 lower=$2 name=$3 address=$4
shift 4

mount --make-rprivate /
hostname "$name"
ip link set lo up

# In the lab's own folder: anywhere else it could hide a folder that is to be seen.
base=$folder/mnt
mkdir "$base"
mount -t tmpfs -o mode=0700 dockmgr-lab "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$base/upper,workdir=$base/work" overlay "$base/root"
root=$base/root

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for shared in "$@" "$folder"; do
    mkdir -p "$root$shared"
    mount --rbind "$shared" "$root$shared"
done
# Names asked for elsewhere would be waited for. The lab itself has no name server, and says so at
# once and each time: another host may answer that only once a second, and then 5 s are waited.
# The loopback would do the same, but engines do not hand that on to containers.
echo "nameserver $address" >"$root/etc/resolv.conf"

mkdir -p "$root/mnt"
cd "$root"
pivot_root . mnt
umount -l /mnt
# Tells engines not to load security profiles into the kernel, which is the host's too.
export container=dockmgr-lab HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset DOCKER_HOST DOCKER_CONTEXT HTTP_PROXY HTTPS_PROXY http_proxy https_proxy
exec tini -- sh "$folder/serve.sh"
