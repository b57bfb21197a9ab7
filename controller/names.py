"""Every name that this controller writes into other people's objects, or reads from them."""

from searchindex.spec import GROUP

FIELD_MANAGER = "searchindex-controller"
FINALIZER = f"{GROUP}/collections"

LABEL_INDEX = f"{GROUP}/index"
LABEL_REVISION = f"{GROUP}/revision"

TRIGGER = f"{GROUP}/trigger"
TEMPLATE_HASH = f"{GROUP}/template-hash"
SCHEDULE_TIME = f"{GROUP}/schedule-time"
TRACE_ID = f"{GROUP}/trace-id"  # of the run, for whoever looks for its spans and its lines

REINDEX = f"{GROUP}/reindex"  # a person's: any new value asks for a run
RECONCILE = f"{GROUP}/reconcile"  # a person's: `disabled` means hands off
FORCE_DELETE = f"{GROUP}/force-delete"  # a person's: `true` gives up collections that cannot be reached
