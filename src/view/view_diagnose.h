/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a diagnosis is shown; as the views of view.h. */
#ifndef BOUNDTOP_VIEW_DIAGNOSE_H
#define BOUNDTOP_VIEW_DIAGNOSE_H

#include "diagnose.h"
#include "view.h"

struct bt_diagnosis_report {
	struct bt_report head; /* version, collector, frame */
	const char *host;      /* its name; NULL: not known */
	const struct bt_diagnosis *diagnosis;
};

/* Text for people, one finding a paragraph. 0 or -ENOMEM. */
int bt_view_diagnose(const struct bt_diagnosis_report *r, const struct bt_style *style,
		     struct bt_strbuf *out);
/* One JSON object in one line (DESIGN, section 2). */
int bt_view_diagnose_json(const struct bt_diagnosis_report *r, struct bt_strbuf *out);

#endif
