/* What others take from the settings (config.h). */
#include "app/config.h"
#include "base/slice.h"
#include "exchange/courier_settings.h"

bool config_courier(const struct config *config, const char *public_url,
                    const struct secret *secret, struct courier_settings *out, struct fault *fault)
{
    if (!alert_settings_courier(&config->alerts, public_url, secret, out, fault))
        return false;
    const struct brand_settings *brand = &config->brand;
    if (out->mail_name[0] == '\0')
        slice_copy(slice_of(brand->name), out->mail_name, sizeof out->mail_name);
    slice_copy(slice_of(brand->contact), out->contact, sizeof out->contact);
    brand_mail_colours(brand, out->accent, out->accent_ink);
    out->processor = config->processor.name != NULL ? &config->processor : NULL;
    return true;
}

const char *config_payments_name(const struct config *config)
{
    static const char *const names[] = {"test", "stripe", "off"};
    return names[config->payments];
}
