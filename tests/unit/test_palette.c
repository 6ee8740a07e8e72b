/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The colours of microstates stay apart for those who see two kinds of light alone. How they see is simulated
 * by matrices over linear RGB: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of
 * Color Vision Deficiency" (2009), severity 1. Distances are those of CIE 1976 L*a*b*; 2.3 is just
 * noticeable.
 */
#include <math.h>

#include "tui_draw.h"

#include "unit.h"

/* Less than this is hard to tell at a glance; the palette before this test had 8. */
#define DISTANCE_MIN 22.0

struct colour {
	double r, g, b;
};

struct lab {
	double l, a, b;
};

static const struct {
	const char *name;
	double m[3][3];
} visions[] = {
    {"all three", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {"no red",
     {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
    {"no green",
     {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
    {"no blue",
     {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}},
};

static double linear(int value)
{
	double c = value / 255.0;

	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* As xterm has them: a cube of 6 × 6 × 6 from 16 on, then greys. */
static struct colour colour_of_256(int number)
{
	static const int levels[] = {0, 95, 135, 175, 215, 255};
	int grey = 8 + 10 * (number - 232);

	if (number >= 232)
		return (struct colour){linear(grey), linear(grey), linear(grey)};
	number -= 16;
	return (struct colour){linear(levels[number / 36]), linear(levels[number / 6 % 6]),
			       linear(levels[number % 6])};
}

static double row(const double m[3], struct colour c)
{
	return fmin(1, fmax(0, m[0] * c.r + m[1] * c.g + m[2] * c.b));
}

static double lab_f(double t)
{
	return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
}

static struct lab seen(int number, const double m[3][3])
{
	struct colour c = colour_of_256(number);
	struct colour s = {row(m[0], c), row(m[1], c), row(m[2], c)};
	double x = lab_f((0.4124 * s.r + 0.3576 * s.g + 0.1805 * s.b) / 0.9505);
	double y = lab_f(0.2126 * s.r + 0.7152 * s.g + 0.0722 * s.b);
	double z = lab_f((0.0193 * s.r + 0.1192 * s.g + 0.9505 * s.b) / 1.089);

	return (struct lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static void colours_stay_apart(void **state)
{
	(void)state;
	for (size_t v = 0; v < UNIT_COUNT(visions); v++)
		for (int i = BT_INK_USER; i <= BT_INK_UNKNOWN; i++)
			for (int k = BT_INK_USER; k < i; k++) {
				struct lab x = seen(bt_ink_of_256((enum bt_ink)i), visions[v].m);
				struct lab y = seen(bt_ink_of_256((enum bt_ink)k), visions[v].m);
				double distance = hypot(hypot(x.l - y.l, x.a - y.a), x.b - y.b);

				if (distance < DISTANCE_MIN)
					fail_msg("%s: colours %d and %d are %.1f apart", visions[v].name, i,
						 k, distance);
			}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(colours_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
