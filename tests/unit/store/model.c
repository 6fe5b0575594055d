#include "store/model.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t left_of_key(const struct model_key *key)
{
    return key->budget < 0 ? INT64_MAX : key->budget - key->spent - key->held;
}

void model_credit(struct model *model, int account, int64_t amount)
{
    model->accounts[account].posted += amount;
    model->credited += amount;
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
    struct model_account *account = &model->accounts[model->keys[key].account];

    if (account->posted - account->held < amount)
        return MODEL_INSUFFICIENT;
    if (model->keys[key].deleted)
        return MODEL_UNKNOWN;
    if (left_of_key(&model->keys[key]) < amount)
        return MODEL_BUDGET;
    account->held += amount;
    model->keys[key].held += amount;
    model->holds[hold] =
        (struct model_hold){.key = key, .amount = amount, .open = true, .expires = expires};
    return MODEL_ACCEPTED;
}

int64_t model_spare(const struct model *model, int key, int64_t amount)
{
    const struct model_account *account = &model->accounts[model->keys[key].account];

    amount = smaller(amount, account->posted - account->held);
    amount = smaller(amount, left_of_key(&model->keys[key]));
    return amount < 0 ? 0 : amount;
}

int64_t model_extend(struct model *model, int hold, int64_t amount)
{
    struct model_key *key = &model->keys[model->holds[hold].key];

    amount = model_spare(model, model->holds[hold].key, amount);
    model->accounts[key->account].held += amount;
    key->held += amount;
    model->holds[hold].amount += amount;
    return amount;
}

bool model_settle(struct model *model, int hold, int64_t charge)
{
    struct model_hold *ended = &model->holds[hold];
    struct model_key *key = &model->keys[ended->key];
    struct model_account *account = &model->accounts[key->account];

    if (!ended->open)
        return false;
    ended->open = false;
    account->held -= ended->amount;
    key->held -= ended->amount;
    account->posted -= charge;
    key->spent += charge;
    model->charged += charge;
    return true;
}

void model_expire(struct model *model)
{
    for (int i = 0; i < MODEL_HOLDS; i++) {
        if (model->holds[i].expires)
            model_settle(model, i, 0);
    }
}

void model_restart(struct model *model)
{
    for (int i = 0; i < MODEL_HOLDS; i++)
        model_settle(model, i, 0);
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
