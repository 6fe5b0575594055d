#include "store/model.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t left_of_key(const struct model_key *key)
{
    return key->budget < 0 ? INT64_MAX : key->budget - key->spent - key->held;
}

static void add_held(struct model *model, int key, int64_t amount)
{
    model->keys[key].held += amount;
    model->accounts[model->keys[key].account].held += amount;
}

void model_credit(struct model *model, int account, int64_t amount)
{
    model->accounts[account].posted += amount;
    model->credited += amount;
    model_collect(model, account);
}

void model_debit(struct model *model, int account, int64_t amount)
{
    model->accounts[account].owed += amount;
    model_collect(model, account);
}

void model_collect(struct model *model, int account)
{
    struct model_account *own = &model->accounts[account];
    int64_t paid = smaller(own->owed, own->posted - own->held);
    own->posted -= paid;
    own->owed -= paid;
    model->corrected += paid;
}

void model_key(struct model *model, int key, int account, int64_t budget)
{
    model->keys[key] = (struct model_key){.account = account, .budget = budget};
}

void model_delete_key(struct model *model, int key)
{
    model->keys[key].deleted = true;
}

enum model_answer model_hold(struct model *model, int hold, int key, int64_t amount, bool expires)
{
    const struct model_account *account = &model->accounts[model->keys[key].account];
    if (account->owed > 0)
        return MODEL_DEBT;
    if (account->posted - account->held < amount)
        return MODEL_INSUFFICIENT;
    if (model->keys[key].deleted)
        return MODEL_UNKNOWN;
    if (left_of_key(&model->keys[key]) < amount)
        return MODEL_BUDGET;
    add_held(model, key, amount);
    model->holds[hold] =
        (struct model_hold){.key = key, .amount = amount, .open = true, .expires = expires};
    return MODEL_ACCEPTED;
}

int64_t model_extend(struct model *model, int hold, int64_t amount)
{
    int key = model->holds[hold].key;
    const struct model_account *account = &model->accounts[model->keys[key].account];
    amount = smaller(amount, account->owed > 0 ? 0 : account->posted - account->held);
    amount = smaller(amount, left_of_key(&model->keys[key]));
    amount = amount < 0 ? 0 : amount;
    add_held(model, key, amount);
    model->holds[hold].more += amount;
    return amount;
}

void model_give_back(struct model *model, int hold)
{
    add_held(model, model->holds[hold].key, -model->holds[hold].more);
    model->holds[hold].more = 0;
}

static void post(struct model *model, struct model_hold *hold, int64_t charge)
{
    model->accounts[model->keys[hold->key].account].posted -= charge;
    model->keys[hold->key].spent += charge;
    model->charged += charge;
    hold->charged += charge;
}

static void end(struct model *model, struct model_hold *hold)
{
    add_held(model, hold->key, -hold->amount);
    hold->open = false;
}

bool model_settle(struct model *model, int hold, int64_t charge)
{
    struct model_hold *ended = &model->holds[hold];
    model_give_back(model, hold);
    if (!ended->open)
        return false;
    end(model, ended);
    post(model, ended, charge);
    ended->recorded = true;
    return true;
}

void model_unsettle(struct model *model, int hold)
{
    struct model_hold *ended = &model->holds[hold];
    post(model, ended, -ended->charged);
    ended->recorded = false;
}

enum model_answer model_refund(struct model *model, int hold, int64_t amount)
{
    struct model_hold *ended = &model->holds[hold];
    int64_t left = ended->charged - ended->refunded;
    if (!ended->recorded)
        return MODEL_UNKNOWN;
    if (left == 0)
        return MODEL_NOTHING_LEFT;
    if (amount > left)
        return MODEL_TOO_MUCH;
    amount = amount ? amount : left;
    ended->refunded += amount;
    model_credit(model, model->keys[ended->key].account, amount);
    return MODEL_ACCEPTED;
}

void model_expire(struct model *model)
{
    for (int i = 0; i < MODEL_HOLDS; i++) {
        if (model->holds[i].open && model->holds[i].expires)
            end(model, &model->holds[i]);
    }
}

void model_restart(struct model *model)
{
    for (int i = 0; i < MODEL_HOLDS; i++) {
        model_give_back(model, i);
        if (model->holds[i].open)
            end(model, &model->holds[i]);
    }
}

int64_t model_available(const struct model *model, int key)
{
    const struct model_account *account = &model->accounts[model->keys[key].account];
    int64_t left = smaller(account->posted - account->held, left_of_key(&model->keys[key]));
    return model->keys[key].deleted || left < 0 ? 0 : left;
}

int model_open_holds(const struct model *model, int key)
{
    int count = 0;
    for (int i = 0; i < MODEL_HOLDS; i++)
        count += model->holds[i].open && (key < 0 || model->holds[i].key == key);
    return count;
}
