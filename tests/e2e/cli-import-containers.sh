#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A disk in an OVA, an archive or compressed is unpacked and imported; what is no disk is
# called by its name; hostile and broken archives are refused and leave nothing.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-nbd sfdisk gzip xz bzip2 zstd tar python3

new_server "$work/state"
cd "$work"
make_disk d.raw 2
truncate -s 64M d.raw
printf tail | dd of=d.raw bs=1 seek=67108000 conv=notrunc status=none
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized d.raw disk1.vmdk
pupitre --quiet master import whole d.raw

# same FILE OPTIONS: it holds the disk of the master "whole".
same() {
    show "$@"
    says 'is this very disk already' pupitre master import whole "$@"
    [ -z "$(find "$state/run" -name 'import-*')" ] || die "something is left"
}

gzip -k1 d.raw && same d.raw.gz
xz -k0 d.raw && same d.raw.xz
bzip2 -k1 d.raw && same d.raw.bz2
zstd -q d.raw && same d.raw.zst
gzip -k1 disk1.vmdk && same disk1.vmdk.gz
python3 - <<'END'
import zipfile
z = zipfile.ZipFile('d.zip', 'w', zipfile.ZIP_DEFLATED)
z.writestr('readme.txt', 'a disk')
z.write('d.raw', 'folder/d.raw')
z.close()
END
same d.zip
qemu-img convert -f raw -O vmdk -o subformat=twoGbMaxExtentFlat d.raw split.vmdk
tar cf split.tar split.vmdk split-f001.vmdk && same split.tar
make_disk hole.raw 2
truncate -s 64M hole.raw
tar cSf hole.tar hole.raw
pupitre --quiet master import hole hole.tar
qemu-img compare -q -f raw -F qcow2 hole.raw "$state/images/masters/hole@1.qcow2" ||
    die "the hole at the end is no part of the disk"
[ "$(pupitre master list --json | jq '.masters[] | select(.name == "hole").disk_bytes')" = 67108864 ] ||
    die "the disk is shorter: $(pupitre master list --json)"

show "an OVA and its manifest"
echo '<Envelope/>' >vm.ovf
sums() {
    for file in "$@"; do
        printf 'SHA256(%s)= %s\n' "$file" "$(sha256sum "$file" | cut -d' ' -f1)"
    done >vm.mf
}
sums vm.ovf disk1.vmdk
tar cf vm.ova vm.ovf vm.mf disk1.vmdk
same vm.ova
same vm.ova --disk disk1.vmdk
fails 3 "holds no disk 'disk2.vmdk', but: disk1.vmdk" \
    pupitre master import two vm.ova --disk disk2.vmdk
cp disk1.vmdk disk2.vmdk
tar cf two.ova vm.ovf vm.mf disk1.vmdk disk2.vmdk
fails 2 'several disks.*--disk.*disk1.vmdk, disk2.vmdk' pupitre master import two two.ova
same two.ova --disk disk2.vmdk
tar cf gz.ova vm.ovf disk1.vmdk.gz && same gz.ova
sed -i 's/= ./= 0/;s/^\(.*disk1.*= \)./\1f/' vm.mf
tar cf bad.ova vm.ovf vm.mf disk1.vmdk
fails 5 "'disk1.vmdk' in it does not match the manifest" pupitre master import two bad.ova

show "cut short, damaged"
for file in vm.ova d.raw.gz d.raw.xz d.raw.bz2 d.raw.zst d.zip; do
    head -c $(($(stat -c %s "$file") - 100000)) "$file" >short
    fails 5 'cut short or damaged|not whole' pupitre master import short short
done
cp d.raw.gz crc.gz
printf 'xxxx' | dd of=crc.gz bs=1 seek=$(($(stat -c %s crc.gz) - 8)) conv=notrunc status=none
fails 5 'damaged .incorrect data check' pupitre master import short crc.gz

show "what was packed in parts is one disk; a sum is looked at wherever it stands"
head -c 20M d.raw | gzip -1 >parts.gz
tail -c +$((20 * 1024 * 1024 + 1)) d.raw | gzip -1 >part2.gz
cat part2.gz >>parts.gz && head -c 512 /dev/zero >>parts.gz && same parts.gz
python3 - <<'END'
import gzip, io, os, struct, tarfile, zipfile
disk = open('d.raw', 'rb').read()
def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:]
def put(name, data):
    open(name, 'wb').write(data)
one, two = (gzip.compress(half, 0) for half in (disk[:20 << 20], disk[20 << 20:]))
put('sum1.gz', one[:-8] + b'xxxx' + one[-4:] + two)
put('sum2.gz', one + two[:-8] + b'xxxx' + two[-4:])
put('cut2.gz', one + two[:5])
put('more.gz', one + two + b'what is this')
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode='w') as t:
    t.add('d.raw')
put('flip.tgz', flip(gzip.compress(tar.getvalue(), 0), 1100000))
for name, how in ('stored.zip', zipfile.ZIP_STORED), ('deflated.zip', zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(name, 'w', how, compresslevel=0) as z:
        z.writestr('d.raw', disk)
    put(name, flip(open(name, 'rb').read(), 1100000))
# Its size lies, in both places.
with zipfile.ZipFile('size.zip', 'w') as z:
    z.writestr('d.raw', disk)
data = bytearray(open('size.zip', 'rb').read())
for at in data.find(b'PK\3\4') + 18, data.rfind(b'PK\1\2') + 20:
    struct.pack_into('<II', data, at, 32 << 20, 32 << 20)
put('size.zip', data)
END
for file in sum1.gz sum2.gz cut2.gz more.gz flip.tgz stored.zip deflated.zip size.zip; do
    fails 5 "'$file': it is cut short or damaged" pupitre master import short $file
done
head -c 8M d.raw >half.raw
printf 'label: dos\nstart=2048, size=2048, type=7\n' | sfdisk -q half.raw 2>/dev/null
truncate -s 1M half.raw
gzip half.raw
fails 5 'its partition 1 reaches' pupitre master import short half.raw.gz

show "what leads out, links, bombs"
python3 - <<'END'
import io, tarfile
with tarfile.open('out.tar', 'w') as t:
    t.add('disk1.vmdk', '../../../out.vmdk')
with tarfile.open('link.tar', 'w') as t:
    link = tarfile.TarInfo('disk.vmdk')
    link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
    t.addfile(link)
END
fails 2 'would lie outside' pupitre master import bad out.tar
fails 2 'nothing that looks like a disk' pupitre master import bad link.tar
python3 - <<'END'
import zipfile
inner = 'd.raw.gz'
for i in range(4):
    outer = 'bomb%d.zip' % i
    with zipfile.ZipFile(outer, 'w') as z:
        z.write(inner)
    inner = outer
END
fails 2 'packed too many times' pupitre master import bad bomb3.zip

show "what is no disk is called by its name"
head -c 40000 /dev/zero >x.iso
printf CD001 | dd of=x.iso bs=1 seek=32769 conv=notrunc status=none
fails 2 'is an ISO image.*master create NAME --iso' pupitre master import no x.iso
fails 2 'is an ISO image' pupitre master import no x.iso --format raw
printf 'MSWIM\0\0\0' >x.wim
truncate -s 1M x.wim
fails 2 'WIM' pupitre master import no x.wim --format raw
fails 2 'archive.*leave --format away' pupitre master import no vm.ova --format raw
fails 2 'gzip.*leave --format away' pupitre master import no d.raw.gz --format raw
qemu-img convert -f raw -O qcow2 d.raw d.qcow2
fails 2 'a qcow2 image.*leave --format away' pupitre master import no d.qcow2 --format raw
fails 2 'no archive: leave --disk away' pupitre master import no d.raw --disk x
fails 3 "not-there.ova'" pupitre master import no not-there.ova --disk x
truncate -s 1M empty.raw
pupitre --quiet master import empty empty.raw --format raw

show "which of several is meant, and whose sum is given"
mkdir -p old
head -c 1M /dev/urandom >old/d.raw
printf '\125\252' | dd of=old/d.raw bs=1 seek=510 conv=notrunc status=none
tar cf names.tar old/d.raw d.raw
same names.tar --disk d.raw
same names.tar --disk ./d.raw
tar cf names.tar ./d.raw old
same names.tar --disk d.raw
mkdir -p new
cp old/d.raw new/d.raw
tar cf names.tar old/d.raw new/d.raw
fails 2 "2 disks 'd.raw'.*old/d.raw, new/d.raw" pupitre master import no names.tar --disk d.raw
tar cf twice.tar d.raw
tar rf twice.tar d.raw
fails 2 "'d.raw' more than once" pupitre master import no twice.tar --disk d.raw
mkdir -p note
echo hello >note/d.raw
printf 'SHA256 (d.raw) = %064d\n' 0 >x.mf
tar cf sums.tar x.mf note/d.raw d.raw
fails 5 "'d.raw' in it does not match the manifest" pupitre master import no sums.tar
mv x.mf note/
tar cf sums.tar note/x.mf d.raw
same sums.tar

show "what only begins like something packed"
printf '\037\213' >two.gz
fails 5 "cut short or damaged" pupitre master import no two.gz

show "what takes long can be called off"
python3 - <<'END'
import tarfile, io
def add(tar, name, data, headers={}):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.pax_headers = headers
    tar.addfile(info, io.BytesIO(data))
def add_sparse(tar, spans, size):
    map = '%d\n' % len(spans) + ''.join('%d\n512\n' % at for at in spans)
    data = bytes(510) + b'\x55\xaa' + bytes(512 * (len(spans) - 1))
    add(tar, 'GNUSparseFile.0/d.raw', map.encode().ljust(512, b'\0') + data,
        {'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'd.raw',
         'GNU.sparse.realsize': str(size)})
with tarfile.open('hole.tar', 'w', format=tarfile.PAX_FORMAT) as tar:
    add(tar, 'a.mf', b'SHA1(d.raw)= 00\n')
    add_sparse(tar, [0, (1 << 40) - 512], 1 << 40)
with tarfile.open('vast.tar', 'w', format=tarfile.PAX_FORMAT) as tar:
    add_sparse(tar, [0], 1 << 50)
END
start master import no hole.tar
sleep 2
kill -TERM "$started"
wait "$started" && die "a hole of a TiB was hashed in two seconds"
fails 2 "larger than any disk" pupitre master import no vast.tar

show "killed while it unpacks"
mkdir -p "$state/run/import-dead/0"
truncate -s 1M "$state/run/import-dead/0/disk.raw"
pupitre --quiet gc
[ ! -e "$state/run/import-dead" ] || die "the sweep left it"

[ -z "$(find "$state/run" -name 'import-*')" ] || die "something is left"
check_clean
