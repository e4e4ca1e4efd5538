// SPDX-License-Identifier: BSD-3-Clause
#include "mb_copy.h"

#include <dlfcn.h>
#include <stddef.h>

#define SHARES_ERRNO (IMB_VERSION_NUM < IMB_VERSION(1, 4, 0))

static struct mb_copy linked = {
	.alloc = alloc_mb_mgr,
	.free = free_mb_mgr,
	.init = init_mb_mgr_auto,
	.get_errno = imb_get_errno,
};
static struct mb_copy copies[MB_COPIES_MAX];
static unsigned int copies_nb;
static bool full;

// The function of that name of a library into *function.  POSIX lets it have an object's pointer.
static bool find(void *library, const char *name, void *function)
{
	*(void **)function = dlsym(library, name);
	return *(void **)function != NULL;
}

static bool load(struct mb_copy *copy)
{
	Dl_info info;
	void *library;

	if (dladdr((void *)(uintptr_t)alloc_mb_mgr, &info) == 0)
		return false;
	library = dlmopen(LM_ID_NEWLM, info.dli_fname, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return false;
	if (find(library, "alloc_mb_mgr", &copy->alloc) &&
	    find(library, "free_mb_mgr", &copy->free) &&
	    find(library, "init_mb_mgr_auto", &copy->init) &&
	    find(library, "imb_get_errno", &copy->get_errno))
		return true;
	dlclose(library);
	return false;
}

struct mb_copy *mb_copy_linked(void)
{
	return &linked;
}

struct mb_copy *mb_copy_get(void)
{
	struct mb_copy *least = NULL;

	for (unsigned int i = 0; i < copies_nb; i++) {
		if (least == NULL || copies[i].users < least->users)
			least = &copies[i];
	}
	if (SHARES_ERRNO && (least == NULL || least->users > 0) && !full) {
		full = copies_nb == MB_COPIES_MAX || !load(&copies[copies_nb]);
		if (!full)
			least = &copies[copies_nb++];
	}
	if (least == NULL)
		return mb_copy_linked();
	least->users++;
	return least;
}

bool mb_copy_shares(const struct mb_copy *copy)
{
	return SHARES_ERRNO && (copy == &linked || copy->users > 1);
}

void mb_copy_put(struct mb_copy *copy)
{
	if (copy != &linked)
		copy->users--;
}
