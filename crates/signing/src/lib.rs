//! Request signing for NXCLOUD and AntBuddy.
