# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# result - sizes, budget, image.json, and moving `current` to the new image

# What crosses the network before the guest starts, at most (bytes).
readonly BUDGET_BYTES=80000000
# How many images stay beside the current one: PCs may be half-way through booting one.
readonly OLD_IMAGES=2

# "ITEM<tab>FILE" of each file below root $1: kernel modules by kind, big files by name,
# the rest by folder.
items_of_root() {
    (cd "$1" && find . -type f -printf '%s\t%P\n') | awk -F '\t' -v OFS='\t' '
        $2 ~ /^usr\/lib\/modules\// {
            n = split($2, part, "/")
            item = n > 6 ? "modules " part[6] "/" part[7] : "modules, index files"
            print item, $2
            next
        }
        $1 >= 400000 { print $2, $2; next }
        { item = $2; sub(/\/[^\/]*$/, "/", item); print item, $2 }' | sort
}

# "BYTES<tab>ITEM": what the parts of root $1 take in its image $2, estimated by
# compressing each alone and sharing out the real size in proportion.
sizes_of_items() {
    local root=$1 item total
    total=$(stat -c %s "$2")
    items_of_root "$root" >"$work/items"
    cut -f 1 "$work/items" | uniq | while read -r item; do
        awk -F '\t' -v item="$item" '$1 == item { print $2 }' "$work/items" |
            tar -C "$root" -cf - -T - | zstd -q -3 -T0 | wc -c | tr '\n' '\t'
        printf '%s\n' "$item"
    done | awk -F '\t' -v OFS='\t' -v total="$total" '
        { bytes[$2] = $1; sum += $1 }
        END { for (i in bytes) printf "%.0f\t%s\n", bytes[i] * total / sum, i }'
}

# report ROOT DIR: print the total and the ten biggest items, refuse above the budget.
report() {
    local root=$1 dir=$2 file bytes item
    boot_bytes=$(cat "$dir"/{vmlinuz,initrd.img,root.img} | wc -c)
    say "before the guest starts, a PC fetches $(megabytes "$boot_bytes") MB" \
        "(at most $(megabytes $BUDGET_BYTES)):"
    for file in vmlinuz initrd.img root.img; do
        printf '%8s MB  %s\n' "$(megabytes "$(stat -c %s "$dir/$file")")" "$file" >&2
    done
    say "the ten biggest items of root.img (compressed, estimated):"
    sizes_of_items "$root" "$dir/root.img" | sort -rn | sed -n 1,10p |
        while IFS=$'\t' read -r bytes item; do
            printf '%8s MB  %s\n' "$(megabytes "$bytes")" "$item" >&2
        done
    [ "$boot_bytes" -le $BUDGET_BYTES ] || die "$EXIT_NO_SPACE" \
        "the image is $(megabytes $((boot_bytes - BUDGET_BYTES))) MB over its budget" \
        "of $(megabytes $BUDGET_BYTES) MB: take something out of 'keep' or 'modules-root'"
}

file_json() {
    printf '"%s":{"bytes":%s,"sha256":"%s"}' "$1" "$(stat -c %s "$2/$1")" \
        "$(digest <"$2/$1")"
}

# describe DIR: compute `id` and write image.json and the digest of the inputs.
describe() {
    local dir=$1
    id=$(cd "$dir" && sha256sum vmlinuz initrd.img root.img | digest)
    id=${id:0:16}
    printf '{"format":1,"id":"%s","created":"%s","kernel_version":"%s","files":{%s,%s,%s},%s}\n' \
        "$id" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$kernel_version" \
        "$(file_json vmlinuz "$dir")" "$(file_json initrd.img "$dir")" \
        "$(file_json root.img "$dir")" \
        "\"root_sha256\":\"$(digest <"$dir/root.img")\",\"root_bytes\":$(stat -c %s \
            "$dir/root.img"),\"boot_bytes\":$boot_bytes" >"$dir/image.json"
    printf '%s\n' "$inputs" >"$dir/inputs"
}

# publish DIR: make it OUTPUT/ID, then move `current` to it. The name moves last.
publish() {
    chmod 755 "$1"
    chmod 644 "$1"/*
    sync "$1"/*
    if [ -d "$output/$id" ]; then
        # The same bytes from other inputs (a comment was changed, say).
        mv -f "$1/inputs" "$output/$id/inputs"
    else
        mv -T "$1" "$output/$id"
    fi
    ln -s "$id" "$work/current"
    mv -T "$work/current" "$output/current"
    sync "$output"
    remove_old_images
}

# Keep the newest of the images that are not current.
remove_old_images() {
    local dir
    find "$output" -mindepth 2 -maxdepth 2 -name image.json -printf '%T@ %h\n' | sort -rn |
        grep -v "/$id\$" | tail -n +$((OLD_IMAGES + 1)) | cut -d ' ' -f 2- |
        while read -r dir; do
            rm -rf "$dir"
            say "removed the old image ${dir##*/}"
        done || :
}

# TRUE when the current image was made from `inputs` and is whole.
is_unchanged() {
    local dir=$output/current file
    [ "$(cat "$dir/inputs" 2>/dev/null)" = "$inputs" ] || return 1
    for file in vmlinuz initrd.img root.img; do
        [ -f "$dir/$file" ] &&
            grep -qF "\"$file\":{\"bytes\":$(stat -c %s "$dir/$file")," "$dir/image.json" ||
            return 1
    done
}
