// Package incidents folds decisions into incidents and says what should be done about them. It is pure: values and a
// time in, values out. [Fold] gives the incidents as they are now with the events that led there; [Actions] gives the
// effects that an incident wants, as they should be, so that asking again wants nothing new.
package incidents
