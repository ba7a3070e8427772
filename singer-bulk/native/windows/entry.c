// What mingw's C runtime would bring into a DLL of ours: an entry that does nothing, and the mark that doubles are used.
// Which of the two names the linker asks for depends on the version of zig (0.15, 0.17).
int _fltused = 0;

int DllMainCRTStartup(void *library, unsigned reason, void *reserved) {
    (void)library;
    (void)reason;
    (void)reserved;
    return 1;
}

int _DllMainCRTStartup(void *library, unsigned reason, void *reserved) {
    return DllMainCRTStartup(library, reason, reserved);
}
