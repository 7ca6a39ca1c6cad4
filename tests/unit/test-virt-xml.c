/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/virt_xml.h"

static void
test_owner_comes_back(void **state)
{
    PupVirtOwner owner = {(char *) "/var/'a' & <b>", (char *) "12-0000abcd"};
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = pup_virt_xml_own(
        "<domain type='kvm'>\n <name>pupitre-x</name>\n</domain>\n", &owner, &error);
    g_auto(PupVirtFacts) facts = {0};

    unit_assert_no_error(error);
    assert_true(pup_virt_xml_read(xml, &facts, &error));
    assert_string_equal(facts.owner.state_dir, owner.state_dir);
    assert_string_equal(facts.owner.place, owner.place);
    assert_null(facts.spice);
    assert_false(facts.agent);
    assert_null(pup_virt_xml_own("<pool/>", &owner, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "no <domain>");
}

static void
test_facts(void **state)
{
    static const struct {
        const char *devices, *spice;
        gboolean agent;
    } rows[] = {
        {"", NULL, FALSE},
        {"<graphics type='vnc' port='5900'/>", NULL, FALSE},
        {"<graphics type='spice' port='-1' autoport='yes'/>", NULL, FALSE},
        {"<graphics type='spice' port='5901' autoport='yes' listen='127.0.0.1'>"
         "<listen type='address' address='127.0.0.1'/></graphics>",
         "spice://127.0.0.1:5901", FALSE},
        {"<graphics type='spice' socket='/run/a.sock'/>", "spice+unix:///run/a.sock",
         FALSE},
        {"<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' "
         "state='disconnected'/></channel>",
         NULL, FALSE},
        {"<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' "
         "state='connected'/></channel>"
         "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0' "
         "state='disconnected'/></channel>",
         NULL, TRUE},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = g_strdup_printf(
            "<domain id='1'><devices>%s</devices></domain>", rows[i].devices);
        g_auto(PupVirtFacts) facts = {0};

        assert_true(pup_virt_xml_read(xml, &facts, &error));
        assert_int_equal(g_strcmp0(facts.spice, rows[i].spice), 0);
        assert_int_equal(facts.agent, rows[i].agent);
        assert_null(facts.owner.state_dir);
    }
}

static void
test_malformed(void **state)
{
    g_autoptr(GError) error = NULL;
    g_auto(PupVirtFacts) facts = {0};

    assert_false(pup_virt_xml_read("<domain><a></domain>", &facts, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "description");
    assert_null(pup_virt_xml_text("<domain><a></domain>", "name"));
}

static void
test_text(void **state)
{
    g_autofree char *pool = pup_virt_xml_pool("p-masters", "/srv/a&b");
    g_autofree char *path = pup_virt_xml_text(pool, "path");
    g_autofree char *name = pup_virt_xml_text(pool, "name");

    assert_string_equal(path, "/srv/a&b");
    assert_string_equal(name, "p-masters");
    assert_null(pup_virt_xml_text(pool, "uuid"));
}

static void
test_disks(void **state)
{
    static const char xml[] =
        "<domain><devices>"
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        "<source file='/a &amp; b.qcow2'/><backingStore type='file'>"
        "<format type='raw'/><source file='/base.raw'/></backingStore>"
        "<mirror><source file='/mirror'/></mirror><target dev='vda' bus='virtio'/></disk>"
        "<disk type='file' device='cdrom'><source file='/x.iso'/><target "
        "dev='sda'/></disk>"
        "<disk type='block'><source dev='/dev/vg/b'/><target dev='vdb'/></disk>"
        "<disk type='network' device='disk'><source protocol='rbd' name='p/i'/>"
        "<target dev='vdc'/></disk>"
        "<disk type='file' device='disk'><source file='/no-target'/></disk>"
        "<controller type='usb'><target dev='no'/></controller>"
        "</devices></domain>";
    static const PupVirtDisk expected[] = {
        {(char *) "vda", (char *) "/a & b.qcow2", (char *) "qcow2"},
        {(char *) "vdb", (char *) "/dev/vg/b", NULL},
        {(char *) "vdc", NULL, NULL},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) disks = pup_virt_xml_disks(xml, &error);

    unit_assert_no_error(error);
    assert_int_equal(disks->len, G_N_ELEMENTS(expected));
    for (unsigned i = 0; i < disks->len; i++) {
        const PupVirtDisk *disk = g_ptr_array_index(disks, i);
        assert_string_equal(disk->target, expected[i].target);
        assert_int_equal(g_strcmp0(disk->source, expected[i].source), 0);
        assert_int_equal(g_strcmp0(disk->format, expected[i].format), 0);
    }
    assert_null(pup_virt_xml_disks("<domain><devices>", &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "description");
}

static void
test_backup(void **state)
{
    static const char domain[] = "<domain><devices><disk><target "
                                 "dev='vda'/></disk><disk><target dev='vdb'/></disk>"
                                 "</devices></domain>";
    g_autoptr(GPtrArray) disks = pup_virt_xml_disks(domain, NULL);
    g_autofree char *xml =
        pup_virt_xml_backup(disks, "vdb", "/run/a'b.sock", "/srv/<scratch>");

    assert_string_equal(
        xml, "<domainbackup mode='pull'>"
             "<server transport='unix' socket='/run/a&apos;b.sock'/><disks>"
             "<disk name='vda' backup='no'/>"
             "<disk name='vdb' backup='yes' type='file' exportname='vdb'>"
             "<driver type='qcow2'/><scratch file='/srv/&lt;scratch&gt;'/></disk>"
             "</disks></domainbackup>");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disks),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_owner_comes_back),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
