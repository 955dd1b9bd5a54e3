# The first process of a lab: builds its world from the inside, then becomes its supervisor.
#
# Started by `unshare` in mount, network, process, ipc and host name namespaces of its own.
# Nothing done here is seen outside, and all of it ends with this process.
#
# Arguments: the lab's folder, its root file system, its host name, and then the folders of the
# host that it sees at the same path.
set -eu
folder=$1 lower=$2 name=$3
shift 3

mount --make-rprivate /
hostname "$name"
ip link set lo up

# Any folder can carry the mounts; /mnt exists on every Linux.
mount -t tmpfs -o mode=0700 dockmgr-lab /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$lower,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
root=/mnt/root

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for shared in "$@" "$folder"; do
    mkdir -p "$root$shared"
    mount --rbind "$shared" "$root$shared"
done

mkdir -p "$root/mnt"
cd "$root"
pivot_root . mnt
umount -l /mnt
# Tells engines not to load security profiles into the kernel, which is the host's too.
export container=dockmgr-lab HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset DOCKER_HOST DOCKER_CONTEXT HTTP_PROXY HTTPS_PROXY http_proxy https_proxy
exec tini -- sh "$folder/serve.sh"
