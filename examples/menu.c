/* menu - a phone menu with callbacks: the library waits, the app answers. The dialogue is in menu_app.h. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include "menu_app.h"

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, MENU_APP));
}
