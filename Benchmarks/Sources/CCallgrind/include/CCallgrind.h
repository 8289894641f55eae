#ifndef CCALLGRIND_H
#define CCALLGRIND_H

/// Callgrind begins to count; without it nothing happens.
void callgrind_begin(void);
/// Callgrind counts no more.
void callgrind_end(void);

#endif
